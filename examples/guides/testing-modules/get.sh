git clone https://github.com/mfa-as-code/terraform-provider-entramfa
make -C terraform-provider-entramfa install
export PATH="$PWD/terraform-provider-entramfa/build/bin:$PATH"
