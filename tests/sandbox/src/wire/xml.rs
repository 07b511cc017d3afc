//! Answers of the query protocol, written element by element.

/// An XML document that grows.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn open(&mut self, name: &str) -> &mut Self {
        self.push(&["<", name, ">"])
    }

    pub(crate) fn open_with(&mut self, name: &str, namespace: &str) -> &mut Self {
        self.push(&["<", name, " xmlns=\"", namespace, "\">"])
    }

    pub(crate) fn close(&mut self, name: &str) -> &mut Self {
        self.push(&["</", name, ">"])
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.push(&["<", name, ">", &escape(text), "</", name, ">"])
    }

    /// A list as the query protocol has it: every item a `member`.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.open(name);
        for item in items {
            self.open("member");
            write(self, item);
            self.close("member");
        }
        self.close(name)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    fn push(&mut self, parts: &[&str]) -> &mut Self {
        self.0.extend(parts.iter().copied());
        self
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_break_out_of_its_element() {
        let mut xml = Xml::default();
        xml.list("Tags", ["</member>&\""], |xml, tag| {
            xml.text("Key", tag);
        });
        let expected = "<Tags><member><Key>&lt;/member&gt;&amp;&quot;</Key></member></Tags>";
        assert_eq!(xml.into_bytes(), expected.as_bytes());
    }
}
