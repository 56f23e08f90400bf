#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's semantic patches find nothing in the files that the series adds. The long
# version also checks the files that it changes, for anything new.
#
# soak: changed
. "$(dirname "$0")/../lib/common.sh"
lock_cache

use_base
tree=$("$TOP/ci/apply")
work=$(mktemp -d "$CACHE/coccinelle.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/code" "$work/said"

# All that is looked at, before and after, with the headers beside it, in one
# folder, because most of the time goes into reading the semantic patches.
which=${1:-added}
touched_files | grep '\.[ch]$' | while read -r file; do
	[ "$which" = added ] && [ -e "$src/$file" ] || echo "$file"
done > "$work/files"
(cd "$tree" && xargs -n 1 dirname < "$work/files" | sort -u |
 while read -r dir; do
	find "$dir" -maxdepth 1 -name '*.h'
 done) | sort -u - "$work/files" > "$work/copied"
copy_files "$src" "$work/code/before" < "$work/copied"
copy_files "$tree" "$work/code/after" < "$work/copied"

# What has to be found, by scripts in all the languages of semantic patches, or
# the silence about the rest means nothing.
cat > "$work/code/after/flawed.c" <<'END'
static int *flawed(int n)
{
	int *p;

	p = kmalloc(n, GFP_KERNEL);
	if (!p)
		return p;
	memset(p, 0, n);
	if (p != 0)
		p[0] = n;
	if (p)
		kfree(p);
	return 0;
}
END

# The kernel's own settings have git choose the files, which finds none in a tree
# that is not a git checkout: --no-scanner reads them all.
all_run() {
	# Mainline changes to the folder that it looks at, and names files from there. A few
	# semantic patches only write patches.
	# shellcheck disable=SC2016 # for the shell that xargs starts
	(cd "$tree" && grep -rl --include='*.cocci' '^virtual.*report' scripts/coccinelle | sort |
	 xargs -P "$(nproc)" -I '{}' sh -c '
		said=$1/said/$(echo "$2" | tr / -)
		make -s coccicheck COCCI="$PWD/$2" M="$1/code" MODE=report J=1 \
			DEBUG_FILE="$said.debug" SPFLAGS=--no-scanner > "$said" 2>&1 ||
			echo "$2 does not run"
		sed -i "s,^\./,$1/code/," "$said"' sh "$work" '{}') > "$work/failed"
	[ ! -s "$work/failed" ] || { cat "$work/failed"; return 1; }
	# Nor may one be left out, or give up half way.
	! grep -hv "^$work/code/\|^$\|^/.*spatch -D report\|^Please check for\|^When using\|^lscpu: \|should [a-z_]* be a metavariable?$" \
		"$work"/said/*
}
report 'every semantic patch runs' all_run

# findings FOLDER: without the place in the cache
findings() {
	sed -n "s,^$work/code/$1/,,p" "$work"/said/*
}

findings before > "$work/before"
findings after > "$work/after"
new_lines "$work/before" "$work/after" > "$work/new"

flaws_found() {
	local text
	for text in 'kzalloc should be used' 'NULL check before' 'comparing pointer to 0'; do
		grep -q "^flawed.c:.*$text" "$work/new" ||
			{ echo "nothing says: $text"; return 1; }
	done
}
report 'known flaws are found' flaws_found

# none_in PATTERN: nothing new about files that match
none_in() {
	! grep "$1" "$work/new"
}
mapfile -t added < <(while read -r file; do
	[ -e "$src/$file" ] || dirname "$file"
done < "$work/files" | sort -u)
for dir in "${added[@]}"; do
	report "coccicheck finds nothing in $dir" none_in "^$dir/"
done
while read -r file; do
	[ ! -e "$src/$file" ] ||
		report "coccicheck finds nothing new in $file" none_in "^$file:"
done < "$work/files"
end_tests
