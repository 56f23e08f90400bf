#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel source of one's own is used and never written to; one that does not
# fit ends with one clear line and leaves nothing half done.
. "$(dirname "$0")/../lib/common.sh"

use_base
work=$(mktemp -d "$CACHE/fetch-check.XXXXXX")
trap 'rm -rf "$work"' EXIT

# These run in a cache and on a source of their own: the few files that the
# series touches, and what makes them look like a kernel.
export PMEM_CACHE=$work/cache GIT_CONFIG_GLOBAL=/dev/null
cache=$PMEM_CACHE/pmem
mkdir -p "$work/linux" "$cache"
{ printf '%s\n' Makefile Kconfig; touched_files; } | copy_files "$src" "$work/linux"
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
sed -i 's/^VERSION = .*/VERSION = 6/; s/^PATCHLEVEL = .*/PATCHLEVEL = 1/' "$work/old/Makefile"
report 'another version is refused' refused 'is Linux 6.1.' "$work/old"

cp -r "$work/linux" "$work/changed"
sed -i 's/BLK_DEV_PMEM/SOMETHING_ELSE/' "$work/changed/drivers/nvdimm/Kconfig"
report 'a tree that a patch does not apply to is refused' \
	refused 'does not apply' "$work/changed"

# Debian's packages, from an archive that is a few files: what the lists say, what they
# say after an update, and what can be fetched, a line PACKAGE=VERSION each.
mkdir -p "$work/bin" "$work/deb/DEBIAN" "$work/deb/usr/src"
printf 'Package: test\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: test\n' \
	> "$work/deb/DEBIAN/control"
for package in "${BASE_PACKAGE[@]}" linux-source-7.4; do
	version=${package##*-}
	sed "s/^VERSION = .*/VERSION = ${version%.*}/; s/^PATCHLEVEL = .*/PATCHLEVEL = ${version#*.}/" \
		"$work/linux/Makefile" > "$work/old/Makefile"
	rm -f "$work"/deb/usr/src/*
	tar -C "$work" -cJf "$work/deb/usr/src/$package.tar.xz" old
	dpkg-deb -b "$work/deb" "$work/$package.deb" > /dev/null
done
cat > "$work/bin/apt-cache" <<EOF
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do [ "\$1" != -o ] || shift; shift; done
case \$1 in
madison) sed -n "s/^\$2=\(.*\)/ \$2 | \1 | archive Packages/p" "$work/lists" ;;
pkgnames) sed 's/=.*//' "$work/lists" | sort -u ;;
esac
EOF
cat > "$work/bin/apt-get" <<EOF
#!/bin/sh
private=
while [ "\${1#-}" != "\$1" ]; do
	[ "\$1" != -o ] || { private=yes; shift; }
	shift
done
case \$1 in
indextargets) echo http://archive/debian/ ;;
update)
	[ -z "\$private" ] || [ ! -e "$work/unreachable" ] ||
		{ echo 'E: no route to the archive'; exit 100; }
	cp "$work/served" "$work/lists"
	;;
download) grep -qxF "\$3" "$work/served" && cp "$work/\${3%%=*}.deb" . ;;
esac
EOF
printf '#!/bin/sh\n"$@"\n' > "$work/bin/sudo"
chmod +x "$work"/bin/*

# shellcheck disable=SC2086 # lists of words
# chosen BASE WANTED LISTS SERVED: with those lists, and an archive that serves that
chosen() {
	rm -rf "$cache"/src-linux-source-*
	printf '%s\n' $3 > "$work/lists"
	printf '%s\n' $4 > "$work/served"
	PATH=$work/bin:$PATH KERNEL_SRC='' BASE=$1 PMEM_CACHE_LOCKED='' "$TOP/ci/fetch" \
		> "$work/taken" 2> "$work/said" &&
	[ "$(cat "$work/taken")" = "$cache/src-${2/=/-}" ] &&
	[ -f "$cache/src-${2/=/-}/Makefile" ] || { cat "$work/taken" "$work/said"; return 1; }
}

for base in "${BASES[@]}"; do
	package=${BASE_PACKAGE[$base]}
	tested=$package=${BASE_TESTED[$base]}
	report "$base: the tested version is taken before a newer one" \
		chosen "$base" "$tested" "$package=9.9-1 $tested" "$package=9.9-1 $tested"
	report "$base: the newest version is taken where the tested one is missing" \
		chosen "$base" "$package=9.9-1" "$package=9.8-1 $package=9.9-1" "$package=9.8-1 $package=9.9-1"
	report "$base: lists that are out of date are updated first" \
		chosen "$base" "$tested" "$package=9.8-1" "$package=9.8-1 $tested"
	report "$base: a version that is listed but gone is replaced by the newest" \
		chosen "$base" "$package=9.9-1" "$tested" "$package=9.9-1"
done

lts=${BASE_PACKAGE[6.12]}=${BASE_TESTED[6.12]}
mainline=${BASE_PACKAGE[7.3]}=${BASE_TESTED[7.3]}
report 'mainline is taken before 6.12' chosen '' "$mainline" "$lts $mainline" "$lts $mainline"
report 'where mainline has moved on, the next version is taken' \
	chosen 7.3 linux-source-7.4=7.4.1-1 'linux-source-7.2=7.2.1-1' \
	'linux-source-7.2=7.2.1-1 linux-source-7.4=7.4.1-1 linux-source-7.5=7.5.1-1'

# without_mainline: 6.12 is taken and one line says why
without_mainline() {
	touch "$work/unreachable"
	chosen '' "$lts" "$lts" "$lts" &&
	[ "$(grep -c 'cannot fetch Linux 7.3: no route to the archive; taking 6.12' "$work/said")" = 1 ] ||
		{ cat "$work/said"; return 1; }
}
report 'where mainline cannot be had, 6.12 is taken' without_mainline
no_such_base() {
	! BASE=5.4 KERNEL_SRC='' "$TOP/ci/fetch" > /dev/null 2> "$work/said" &&
		grep 'BASE=5.4: expected one of 7.3 6.12' "$work/said"
}
report 'a base without a series is refused' no_such_base
end_tests
