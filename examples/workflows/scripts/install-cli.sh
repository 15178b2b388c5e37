#!/bin/sh
# Installs the CLI that TF_CLI names, terraform or tofu, into a folder: install-cli.sh FOLDER
#
# TF_CLI_VERSION   the version, without v; the defaults are below
# TF_CLI_SHA256    the checksum of the archive; without it, the one in cli-checksums.txt next to this script
# TF_CLI_RELEASES  where releases are, for networks with a mirror of their own
#
# An attacker who can exchange the archive where it is published can exchange the list of checksums next to it as well. So that list is not asked:
# for another version, verify its signature once on a machine of yours, and put the two lines of Linux into cli-checksums.txt.
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

archive=${name}_${version}_linux_${machine}.zip
checksum=${TF_CLI_SHA256:-$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$(dirname -- "$0")/cli-checksums.txt")}
if [ "${#checksum}" -ne 64 ]; then
	echo "install-cli: there is no checksum of $archive; put it into cli-checksums.txt or TF_CLI_SHA256" >&2
	exit 1
fi
mkdir -p "$folder"
curl --silent --show-error --fail --location --retry 3 --output "$folder/$archive" "$from/$archive"
if ! printf '%s  %s\n' "$checksum" "$folder/$archive" | sha256sum -c - >&2; then
	rm -f "$folder/$archive"
	echo "install-cli: $from/$archive is not the file that was verified; nothing was installed" >&2
	exit 1
fi
unzip -o -q "$folder/$archive" "$name" -d "$folder"
rm -f "$folder/$archive"
"$folder/$name" version
