"""The maintainers' comparison of data, on lists that agree and lists that do not."""

import check_data


def written(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def own_releases():
    for row in check_data.table("releases")["release"]:
        serverless = "yes" if row.get("serverless", True) else "no (EC2)"
        yield f"{row['label']},{row['spark']},{row['scala']}.15,{row['java']} (default),{serverless}"


def own_agents():
    for bundle in check_data.table("agents")["bundle"]:
        for exists, field in ("yes", "versions"), ("likely", "likely"):
            for version in bundle.get(field, []):
                yield f"{version},{bundle['spark']},{bundle['scala']},{exists}"


def test_lists_that_say_the_same_differ_in_nothing(tmp_path, capsys):
    releases = written(tmp_path / "r.csv", ["release_label,spark,scala,java,emr_serverless", *own_releases()])
    agents = written(tmp_path / "a.csv", ["agent_version,spark_minor,scala,exists", *own_agents(), "9.9.9,3.5,2.12,no"])
    assert check_data.main(["--releases", releases, "--agents", agents]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "releases.toml, read on 20" in err and "agents.toml, read on 20" in err


def test_each_difference_is_told(tmp_path, capsys):
    kept = [row for row in own_releases() if not row.startswith("emr-7.1.0,")]
    changed = [row.replace("emr-7.2.0,3.5.1", "emr-7.2.0,3.9.9") for row in kept]
    added = "emr-9.9.0,4.2.0,2.13,21,yes"
    releases = written(tmp_path / "r.csv", ["label,spark,scala,java,serverless", *changed, added])
    assert check_data.main(["--releases", releases]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "emr-9.9.0 is not in releases.toml",
        "emr-7.1.0 is in releases.toml alone",
        "emr-7.2.0: Spark 3.5.1 in releases.toml, 3.9.9 in the list",
    ]
    agents = written(tmp_path / "a.csv", ["version,spark,scala", *own_agents(), "9.9.9,3.5,2.12"])
    assert check_data.main(["--agents", agents]) == 1
    out = capsys.readouterr().out.splitlines()
    assert "spark-3.5-spline-agent-bundle_2.12-9.9.9: no in agents.toml, yes in the list" in out


def test_labels_alone_are_a_list_too(tmp_path, capsys):
    labels = [row.partition(",")[0] for row in own_releases()]
    assert check_data.main(["--releases", written(tmp_path / "l.txt", labels)]) == 0
    assert check_data.main(["--releases", written(tmp_path / "l.txt", [*labels, "emr-7.99.0"])]) == 1
    assert capsys.readouterr().out == "emr-7.99.0 is not in releases.toml\n"
