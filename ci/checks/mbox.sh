#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series as mail gives the tree that quilt gives, by every way of applying it.
#
# level: check
. "$(dirname "$0")/../lib/common.sh"

use_base
work=$(mktemp -d "$CACHE/mbox-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
mbox=$work/mbox
mapfile -t patches < <(patch_names)
patches=("${patches[@]/#/$TOP/patches/}")

# A small kernel: the files that the series touches, what makes them look like
# one, and files of other kinds. As a directory, and as a git checkout.
mkdir "$work/linux" "$work/home" "$work/b4" "$work/mails"
{ printf '%s\n' Makefile Kconfig; touched_files; } | copy_files "$src" "$work/linux"
ln -s Makefile "$work/linux/link"
install -m 755 /dev/null "$work/linux/program"
cp -r "$work/linux" "$work/git"

# as_user COMMAND...: with a home, and so a configuration, of its own. b4 asks the
# network about no signature.
cat > "$work/home/.gitconfig" <<'EOT'
[user]
	name = test
	email = test@localhost
[b4]
	attestation-policy = off
EOT
as_user() {
	env -u GIT_CONFIG_GLOBAL -u XDG_CONFIG_HOME -u XDG_CACHE_HOME -u XDG_DATA_HOME \
		HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 "$@"
}
(cd "$work/git" && as_user git init -q && as_user git add -A -f &&
 as_user git commit -q -m base)

# write_mbox FILE: by that sender
write_mbox() {
	PMEM_CACHE=${CACHE%/pmem} as_user "$TOP/ci/mbox" "$1"
}
report 'the mailbox is written' write_mbox "$mbox"
[ -s "$mbox" ] || exit 0

same_bytes() {
	write_mbox "$work/again" && cmp "$mbox" "$work/again"
}
report 'the same series gives the same mailbox' same_bytes

# The ways to apply it, each run in a copy of the git checkout.
quilt_push() {
	push_series . &&
	as_user git add -A -f && as_user git commit -q -m quilt
}

git_am() {
	as_user git am --empty=drop "$mbox"
}

b4_shazam() {
	as_user b4 --offline-mode shazam -m "$mbox"
}

b4_am() {
	as_user b4 --offline-mode am -o "$work/b4" -n series -m "$mbox" &&
		as_user git am "$work/b4/series.mbx"
}

# applied WAY: and the tree is noted
applied() {
	cp -r "$work/git" "$work/$1" &&
	cd "$work/$1" &&
	"$1" &&
	[ -z "$(as_user git status --porcelain)" ] &&
	as_user git rev-parse 'HEAD^{tree}' > "$work/$1.tree"
}

# same_commits WAY: authors, subjects and texts are those of the patches
same_commits() {
	diff <(as_user git -C "$work/$1" log --reverse HEAD~${#patches[@]}..HEAD \
		--format='From: %an <%ae>%nSubject: [PATCH] %s%n%n%b---') \
	     <(for patch in "${patches[@]}"; do sed '/^---$/q' "$patch"; done)
}

report 'quilt push -a --fuzz=0 applies the series' applied quilt_push
for way in git_am b4_shazam b4_am; do
	report "${way/_/ } applies the mailbox" applied "$way"
	report "${way/_/ } gives the tree that quilt gives" \
		cmp "$work/$way.tree" "$work/quilt_push.tree"
	report "${way/_/ } gives the patches' authors, subjects and texts" \
		same_commits "$way"
done

# Each mail as a file: 0001 is the cover letter.
as_user git mailsplit --mboxrd -o"$work/mails" "$mbox" > /dev/null
cover=$work/mails/0001

numbered() {
	local n=0 patch mail
	for patch in "$(cover_letter)" "${patches[@]}"; do
		sed -n "1,/^\$/s,^Subject: \[PATCH\],Subject: [PATCH $n/${#patches[@]}],p" "$patch"
		: $((n++))
	done > "$work/subjects.want"
	for mail in "$work"/mails/*; do
		as_user git mailinfo -k /dev/null /dev/null < "$mail" | grep '^Subject: '
	done | sed 's,\[PATCH 0*\([0-9]\),[PATCH \1,' | diff "$work/subjects.want" -
}
report 'the mails are the cover letter and every patch, numbered in order' numbered

threaded() {
	local first ids
	first=$(sed -n '1,/^$/s/^Message-ID: //p' "$cover")
	ids=$(sed -s -n '1,/^$/s/^Message-ID: //p' "$work"/mails/* | sort -u)
	[ "$(wc -l <<< "$ids")" = $((${#patches[@]} + 1)) ] &&
	[ "$(grep -cxF "In-Reply-To: $first" "$mbox")" = ${#patches[@]} ] &&
	[ "$(grep -cxF "References: $first" "$mbox")" = ${#patches[@]} ]
}
report 'every patch is a reply to the cover letter' threaded

holds() {
	[[ $(cat "$1") == *"$2"* ]] || { echo "not there: $2"; return 1; }
}
report 'the cover letter has its text in patches/' \
	holds "$cover" "$(sed '1,/^$/d' "$(cover_letter)")"
report 'the cover letter has the diffstat of the series' \
	holds "$cover" "$(as_user git -C "$work/quilt_push" diff --stat=72 HEAD~)"

named() {
	holds "$cover" "The series applies to Linux $(kernel_version "$src")." &&
	holds "$cover" 'From: test <test@localhost>' &&
	{ [ -n "${KERNEL_SRC:-}" ] || ! grep '^base-commit:' "$mbox"; }
}
report 'the cover letter names its sender, and the version but no commit of the base' named

from_git() {
	PMEM_CACHE=$work/cache KERNEL_SRC=$work/git as_user "$TOP/ci/mbox" "$work/from_git" &&
	[ "$(grep '^base-commit: ' "$work/from_git")" = \
		"base-commit: $(as_user git -C "$work/git" rev-parse HEAD)" ] &&
	cp -r "$work/git" "$work/shazam" &&
	cd "$work/shazam" &&
	as_user b4 --offline-mode shazam -m "$work/from_git"
}
report 'from a git checkout, the base-commit is its HEAD, and b4 applies the series there' from_git

uncommitted() {
	echo >> "$work/git/fs/dax.c"
	! PMEM_CACHE=$work/cache KERNEL_SRC=$work/git as_user "$TOP/ci/mbox" "$work/none" \
		2> "$work/said" &&
	[ ! -e "$work/none" ] && grep 'has changes to files of the series' "$work/said"
}
report 'a checkout with changes to files of the series is refused' uncommitted

nobody() {
	rm "$work/home/.gitconfig"
	! write_mbox "$work/none" 2> "$work/said" &&
	[ ! -e "$work/none" ] && grep 'git has no user.name' "$work/said"
}
report 'without a sender nothing is written' nobody
end_tests
