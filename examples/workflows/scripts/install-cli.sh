#!/bin/sh
# Installs the CLI that TF_CLI names, terraform or tofu, into a folder: install-cli.sh FOLDER
#
# TF_CLI_VERSION   the version, without v; the defaults are below
# TF_CLI_SHA256    the checksum of the archive; without it, the one that the release publishes beside the archive
# TF_CLI_RELEASES  where releases are, for networks with a mirror of their own
set -eu

folder=$1
case ${TF_CLI:-terraform} in
terraform)
	version=${TF_CLI_VERSION:-1.11.4}
	from=${TF_CLI_RELEASES:-https://releases.hashicorp.com/terraform}/$version
	;;
tofu)
	version=${TF_CLI_VERSION:-1.12.6}
	from=${TF_CLI_RELEASES:-https://github.com/opentofu/opentofu/releases/download}/v$version
	;;
*)
	echo "install-cli: TF_CLI is \"$TF_CLI\"; write terraform or tofu" >&2
	exit 1
	;;
esac
name=${TF_CLI:-terraform}

case $(uname -m) in
x86_64 | amd64) machine=amd64 ;;
aarch64 | arm64) machine=arm64 ;;
*)
	echo "install-cli: there is no archive for $(uname -m)" >&2
	exit 1
	;;
esac

mkdir -p "$folder"
archive=${name}_${version}_linux_${machine}.zip
curl --silent --show-error --fail --location --retry 3 --output "$folder/$archive" "$from/$archive"
checksum=${TF_CLI_SHA256:-}
if [ -z "$checksum" ]; then
	curl --silent --show-error --fail --location --retry 3 --output "$folder/SHA256SUMS" "$from/${name}_${version}_SHA256SUMS"
	checksum=$(sed -n "s/^\([0-9a-f]*\)  $archive\$/\1/p" "$folder/SHA256SUMS")
fi
printf '%s  %s\n' "$checksum" "$folder/$archive" | sha256sum -c - >&2
unzip -o -q "$folder/$archive" "$name" -d "$folder"
rm -f "$folder/$archive" "$folder/SHA256SUMS"
"$folder/$name" version
