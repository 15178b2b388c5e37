rm -f emulator.env
entra-emulator --tenant-file tenant.json --listen 127.0.0.1:0 --env-file emulator.env &
emulator=$!
trap 'kill "$emulator"' EXIT

# The file appears, as a whole, once the emulator listens.
until [ -e emulator.env ]; do
  kill -0 "$emulator"
  sleep 0.1
done
. ./emulator.env

terraform test -filter=tests/inputs.tftest.hcl
