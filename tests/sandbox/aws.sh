#!/bin/sh
# Stands in for the AWS CLI in tests of remedies: keeps one application in $STATE/live.json, and notes each call.
verb=${2%-application}
echo "$verb" >> "$STATE/calls"
[ "$verb" != "$FAILING" ] || exit 1
live=$STATE/live.json
change() { jq "$@" "$live" > "$STATE/next.json" && mv "$STATE/next.json" "$live"; }
case $verb in
get) case $* in *--query*) jq -r .application.state "$live" ;; *) cat "$live" ;; esac ;;
stop) change '.application.state = "STOPPED"' ;;
start) change '.application.state = "STARTED"' ;;
update) for word; do case $word in file://*) file=${word#file://} ;; esac; done
  change --slurpfile given "$file" '.application += ($given[0] | del(.applicationId))' ;;
*) exit 2 ;;
esac
