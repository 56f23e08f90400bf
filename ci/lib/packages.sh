# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What all packages of this project have in common.
# shellcheck disable=SC2034 # for the script that sources this

# package_identity: set name and address to those of the maintainer, version, and date
package_identity() {
	name=$(git -C "$TOP" config user.name) && address=$(git -C "$TOP" config user.email) ||
		die "git has no user.name or no user.email; set them with git config --global"
	version=$(cat "$TOP/packaging/version")
	date=$(git -C "$TOP" log -1 --format=%aD) || die "$TOP has no commit; the packages take their date from it"
}
