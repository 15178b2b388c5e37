entra-emulator --tenant-file tenant.json --check
entra-emulator --tenant-file tenant.json -- terraform test -filter=tests/inputs.tftest.hcl
