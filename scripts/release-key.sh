#!/bin/sh
# Imports the key that signs a release into gpg, and prints its fingerprint. The key is in the variable GPG_PRIVATE_KEY, as
# `gpg --armor --export-secret-keys` writes it. Refuses one that the registries do not accept.
set -eu

fail() {
	echo "release-key: $1" >&2
	exit 1
}

[ -n "${GPG_PRIVATE_KEY:-}" ] || fail 'GPG_PRIVATE_KEY is not set; it must hold what gpg --armor --export-secret-keys writes'
printf '%s\n' "$GPG_PRIVATE_KEY" | gpg --batch --quiet --import >&2 || fail 'gpg does not take the text in GPG_PRIVATE_KEY for a key'

keys=$(gpg --batch --with-colons --list-secret-keys)
[ "$(printf '%s\n' "$keys" | grep -c '^sec:')" = 1 ] ||
	fail 'gpg knows not exactly one secret key, so that it is not certain which one signs; use an empty GNUPGHOME'
# 1 is RSA, 17 is DSA: https://developer.hashicorp.com/terraform/registry/providers/publishing#preparing-and-adding-a-signing-key
case $(printf '%s\n' "$keys" | awk -F: '$1 == "sec" { print $4 }') in
1 | 17) ;;
*) fail 'the Terraform Registry takes RSA and DSA keys only; make one with gpg --quick-generate-key NAME rsa4096 sign' ;;
esac
printf '%s\n' "$keys" | awk -F: '$1 == "fpr" { print $10; exit }'
