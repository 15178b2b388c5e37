api=$ENTRAMFA_GRAPH_ENDPOINT/_emulator

# Adele registers a method. If she is enabled, the service promotes her to enforced.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --json '{"type": "microsoftAuthenticator"}' "$api/users/adele.vance@contoso.example/methods"

# An administrator disables Alex.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --request PUT --json '{"perUserMfaState": "disabled"}' "$api/users/alex.wilber@contoso.example/state"

# Johanna leaves.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --request DELETE "$api/users/johanna.lorenz@contoso.example"

# Microsoft takes the registration campaign over.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error \
  --request PATCH --json '{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {"state": "default"}}}' \
  "$api/authentication-methods-policy"

# What the tenant has now, as a tenant file.
curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --fail --silent --show-error --output now.json "$api/tenant"
