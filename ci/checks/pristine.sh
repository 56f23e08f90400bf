#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series applies to kernel.org's source, which Debian's source package has as its
# .orig tarball. Not every mirror serves that: then the test is skipped. A source of
# the user's own (KERNEL_SRC) is tested by series.sh.
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=ci/lib/archive.sh
. "$TOP/ci/lib/archive.sh"
shopt -s extglob

name='quilt push -a --fuzz=0 works on the pristine source'
use_base
[ -z "${KERNEL_SRC:-}" ] || { skip "$name" 'KERNEL_SRC is set'; end_tests; exit; }
version=${src##*/src-linux-source-+([0-9.])-}
package=${src##*/src-}
package=${package%-"$version"}
pristine=$CACHE/pristine-${src##*/src-}
work=$(mktemp -d "$CACHE/pristine-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# download_source: with a private list of packages, because few machines list sources
download_source() {
	local step suite=${BASE_SUITE[$BASE]:-}
	mkdir -p "$work/lists/partial" "$work/source"
	if [ -n "$suite" ]; then
		echo "deb-src [$SIGNED_BY] $(debian_mirror) $suite main"
	else
		# shellcheck disable=SC2016 # apt-get fills these in
		apt-get indextargets --format "deb-src [$SIGNED_BY]"' $(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Created-By: Packages' 'Origin: Debian' | sort -u
	fi > "$work/sources.list"
	cd "$work/source"
	for step in update "source --download-only $package=$version"; do
		# shellcheck disable=SC2086
		apt-get -q -o Dir::Etc::SourceList="$work/sources.list" \
			-o Dir::Etc::SourceParts=/dev/null \
			-o Dir::State::Lists="$work/lists" \
			-o APT::Sandbox::User="$(id -un)" $step || return
	done
}

applies() {
	mkdir "$work/files" &&
	copy_files "$pristine" "$work/files" < <(touched_files) &&
	push_series "$work/files"
}

if [ ! -d "$pristine" ]; then
	if (download_source) > "$work/log" 2>&1; then
		mkdir "$work/orig"
		tar -C "$work/orig" --strip-components=1 -xf "$work"/source/*.orig.tar.xz
		mv "$work/orig" "$pristine"
	elif grep -q ' 404 \|Unable to find a source package' "$work/log"; then
		skip "$name" 'the archive does not serve it'
		end_tests
		exit
	else
		grep '^E:' "$work/log" >&2
	fi
fi
report "$name" applies
end_tests
