api=$ENTRAMFA_GRAPH_ENDPOINT/_emulator

# The next two requests about users are throttled.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --json '{"pathRegexp": "/users", "times": 2, "status": 429, "headers": {"Retry-After": "1"}}' "$api/faults"

# Every answer takes 200 milliseconds, and for 3 seconds after a write half of the reads show what was before it.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --request PUT --json '{"latencyMs": 200, "replicaLag": {"durationMs": 3000, "alternate": true}}' "$api/behavior"

terraform plan

# What the faults have hit, and how many requests that cost.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error "$api/faults"
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error "$api/counters"

# Well again.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error --request DELETE "$api/faults"
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error --request PUT --json '{}' "$api/behavior"
