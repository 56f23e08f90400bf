#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series is what the files say, and applies in every way that people use.
. "$(dirname "$0")/../common.sh"

work=$(mktemp -d "$CACHE/series.XXXXXX")
trap 'rm -rf "$work"' EXIT
src=$("$TOP/ci/fetch")
mapfile -t patches < <(patch_names)
patches=("${patches[@]/#/$TOP/patches/}")
touched_files > "$work/touched"

up_to_date() {
	local patch
	mkdir "$work/generated"
	"$TOP/ci/make-series" "$work/generated" || return
	for patch in "$work"/generated/*; do
		cmp "$patch" "$TOP/patches/${patch##*/}" ||
			{ echo 'run make series'; return 1; }
	done
}
report 'the generated patches are what the files say' up_to_date

listed() {
	diff <(patch_names | sort) <(cd "$TOP/patches" && printf '%s\n' *.patch)
}
report 'series names every patch once' listed

# The pristine source comes as the .orig tarball of Debian's source package, which
# not every mirror has: then this fails with status 2. A source of one's own
# (KERNEL_SRC) stands for itself.
pristine() {
	[ -z "${KERNEL_SRC:-}" ] || { echo "$src"; return; }
	local version=${src##*"$BASE_PACKAGE-"} target=$CACHE/pristine-${src##*/src-}
	[ ! -d "$target" ] || { echo "$target"; return; }

	say 'fetching the pristine source'
	mkdir -p "$work/lists/partial" "$work/source" "$work/orig"
	# shellcheck disable=SC2016 # apt-get fills these in
	apt-get indextargets --format \
		'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' |
		sort -u > "$work/sources.list"
	(cd "$work/source" &&
	 for step in update "source --download-only $BASE_PACKAGE=$version"; do
		# shellcheck disable=SC2086
		apt-get -q -o Dir::Etc::SourceList="$work/sources.list" \
			-o Dir::Etc::SourceParts=/dev/null \
			-o Dir::State::Lists="$work/lists" \
			-o APT::Sandbox::User="$(id -un)" $step || exit
	 done) > "$work/log" 2>&1 || {
		grep '^E:' "$work/log" >&2
		! grep -q ' 404 \|Unable to find a source package' "$work/log" || return 2
		return 1
	}
	tar -C "$work/orig" --strip-components=1 -xf "$work"/source/*.orig.tar.xz &&
		mv "$work/orig" "$target" && echo "$target"
}

# applies_TOOL FROM TO: TO is a copy of the touched files of FROM, with all patches
applies_quilt() {
	mkdir -p "$2"
	copy_files "$1" "$2" < "$work/touched"
	(cd "$2" && QUILT_PATCHES=$TOP/patches QUILT_SERIES=$TOP/series \
		quilt --quiltrc - push -a --fuzz=0) &&
		rm -rf "$2/.pc"
}

applies_git_am() {
	local -x GIT_CONFIG_GLOBAL=/dev/null
	local -x GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
	local -x GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
	mkdir -p "$2"
	copy_files "$1" "$2" < "$work/touched"
	(cd "$2" && git init -q && git add -A && git commit -q -m base &&
	 git am -q "${patches[@]}") &&
		rm -rf "$2/.git"
}

report 'quilt push -a --fuzz=0 works on the base' applies_quilt "$src" "$work/quilt"
name='quilt push -a --fuzz=0 works on the pristine source'
status=0
pristine=$(pristine) || status=$?
case $status in
0) report "$name" applies_quilt "$pristine" "$work/pristine" ;;
2) echo "ok - $name # SKIP the archive does not serve it" ;;
*) echo "not ok - $name" ;;
esac
report 'git am takes every patch' applies_git_am "$src" "$work/am"
report 'quilt and git am give the same files' diff -r "$work/quilt" "$work/am"

# The source is no git checkout, in which the commits that headers name could be
# looked up.
clean_patch() {
	local output
	output=$(cd "$src" && scripts/checkpatch.pl --strict --terse --no-summary \
		--ignore UNKNOWN_COMMIT_ID "$1" 2>&1) || true
	[ -z "$output" ] || { echo "$output"; return 1; }
}
for patch in "${patches[@]}"; do
	report "checkpatch --strict is silent on ${patch##*/}" clean_patch "$patch"
done

# Every patch says who wrote it, and that person signed it off.
signed() {
	local patch author
	for patch in "${patches[@]}"; do
		author=$(sed -n '1,/^$/s/^From: //p' "$patch")
		[ -n "$author" ] && sed '/^---$/q' "$patch" | grep -qxF "Signed-off-by: $author" ||
			{ echo "${patch##*/} is not signed off by its author"; return 1; }
	done
}
report 'every patch is signed off by its author' signed
