version=0.1.0
from=https://github.com/mfa-as-code/terraform-provider-entramfa

# The program of a release ...
curl --fail --location --output entra-emulator.tar.gz "$from/releases/download/v$version/entra-emulator_${version}_linux_amd64.tar.gz"
tar -xzf entra-emulator.tar.gz entra-emulator

# ... or with Go
go install "${from#https://}/cmd/entra-emulator@v$version"
