#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel source of one's own is used and never written to; one that does not
# fit ends with one clear line and leaves nothing half done.
. "$(dirname "$0")/../common.sh"

base=$("$TOP/ci/fetch")
work=$(mktemp -d "$CACHE/fetch-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# These run in a cache and on a source of their own: the few files that the
# series touches, and what makes them look like a kernel.
export PMEM_CACHE=$work/cache GIT_CONFIG_GLOBAL=/dev/null
cache=$PMEM_CACHE/pmem
mkdir -p "$work/linux" "$cache"
{ printf '%s\n' Makefile Kconfig; touched_files; } | copy_files "$base" "$work/linux"
tar -C "$work" -cJf "$work/linux.tar.xz" linux
cp -r "$work/linux" "$work/git"
(cd "$work/git" && git init -q && git add -A &&
 git -c user.name=test -c user.email=test@localhost commit -q -m base)
cp "$work/git/Makefile" "$work/git/untracked.o"

state() {
	(cd "$1" && find . -type f -printf '%p %s %T@\n' | sort | sha256sum)
}

sources() {
	state "$work/linux"
	state "$work/git"
	stat -c '%s %Y' "$work/linux.tar.xz"
}

# used PATH: the series applies to a copy of it, and it is as before
used() {
	local before tree
	before=$(sources)
	tree=$(KERNEL_SRC=$1 "$TOP/ci/apply") &&
	[ -f "$tree/drivers/block/pmem/main.c" ] &&
	[ ! -e "$tree/untracked.o" ] &&
	[ "$(sources)" = "$before" ]
}
report 'a directory is used and not written to' used "$work/linux"
report 'a tarball is used and not written to' used "$work/linux.tar.xz"
report 'a git checkout is used and not written to' used "$work/git"

# What is in the cache, but for copies of sources, which the next run mends.
in_cache() {
	(cd "$cache" && find . ! -name lock ! -path './src-*' | sort)
}

# refused TEXT PATH: one line that holds TEXT, and the cache as before
refused() {
	local text=$1 output before
	before=$(in_cache)
	if output=$(KERNEL_SRC=$2 "$TOP/ci/apply" 2>&1 > /dev/null); then
		echo "KERNEL_SRC=$2 was accepted"
		return 1
	fi
	output=$(grep -v '^== ' <<< "$output")
	[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
	[ "$(wc -l <<< "$output")" = 1 ] || { echo "$output"; return 1; }
	diff <(echo "$before") <(in_cache)
}

report 'a path that does not exist is refused' \
	refused 'does not exist' "$work/nothing"
report 'a directory without a kernel is refused' \
	refused 'is not a Linux source tree' "$TOP"
report 'a file that is no tarball is refused' \
	refused 'is not a tarball' "$TOP/COPYING"

cp -r "$work/linux" "$work/old"
sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 1/' "$work/old/Makefile"
report 'another version is refused' refused 'is Linux 6.1.' "$work/old"

cp -r "$work/linux" "$work/changed"
sed -i 's/BLK_DEV_PMEM/SOMETHING_ELSE/' "$work/changed/drivers/nvdimm/Kconfig"
report 'a tree that a patch does not apply to is refused' \
	refused 'does not apply' "$work/changed"

# Debian's package, from an archive that is a few files: what the lists say, what
# they say after an update, and what can be fetched.
mkdir -p "$work/bin" "$work/deb/DEBIAN" "$work/deb/usr/src"
cp "$work/linux.tar.xz" "$work/deb/usr/src/$BASE_PACKAGE.tar.xz"
printf 'Package: test\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: test\n' \
	> "$work/deb/DEBIAN/control"
dpkg-deb -b "$work/deb" "$work/test.deb" > /dev/null
cat > "$work/bin/apt-cache" <<EOF
#!/bin/sh
sed 's/.*/ package | & | archive/' "$work/lists"
EOF
cat > "$work/bin/apt-get" <<EOF
#!/bin/sh
case \$1 in
update) cp "$work/served" "$work/lists" ;;
download) grep -qxF "\${3#*=}" "$work/served" && cp "$work/test.deb" . ;;
esac
EOF
printf '#!/bin/sh\n"$@"\n' > "$work/bin/sudo"
chmod +x "$work"/bin/*

# shellcheck disable=SC2086 # lists of words
# chosen VERSION LISTS SERVED: with those lists, and an archive that serves that
chosen() {
	local output
	rm -rf "$cache"/src-"$BASE_PACKAGE"-*
	printf '%s\n' $2 > "$work/lists"
	printf '%s\n' $3 > "$work/served"
	output=$(PATH=$work/bin:$PATH KERNEL_SRC='' PMEM_CACHE_LOCKED='' "$TOP/ci/fetch" 2>&1) &&
	[ "$(tail -n 1 <<< "$output")" = "$cache/src-$BASE_PACKAGE-$1" ] &&
	[ -f "$cache/src-$BASE_PACKAGE-$1/Makefile" ] || { echo "$output"; return 1; }
}
report 'the tested version is taken before a newer one' \
	chosen "$BASE_TESTED" "9.9-1 $BASE_TESTED" "9.9-1 $BASE_TESTED"
report 'where it is not, the newest is taken' \
	chosen 9.9-1 '9.8-1 9.9-1' '9.8-1 9.9-1'
report 'lists that are out of date are updated first' \
	chosen "$BASE_TESTED" '9.8-1' "$BASE_TESTED 9.8-1"
report 'a version that is listed but gone is replaced by the newest' \
	chosen 9.9-1 "$BASE_TESTED" '9.9-1'
