terraform init
entra-emulator --sample-tenant -- terraform test
