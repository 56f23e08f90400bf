#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series as mail gives the tree that quilt gives, by every way of applying it.
. "$(dirname "$0")/../common.sh"

src=$("$TOP/ci/fetch")
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

written() {
	"$TOP/ci/mbox" "$mbox"
}
report 'the mailbox is written' written
[ -s "$mbox" ] || exit 0

same_bytes() {
	"$TOP/ci/mbox" "$work/again" && cmp "$mbox" "$work/again"
}
report 'written again it has the same bytes' same_bytes

# The ways to apply it, each run in a copy of the git checkout.
quilt_push() {
	QUILT_PATCHES=$TOP/patches QUILT_SERIES=$TOP/series \
		quilt --quiltrc - push -a --fuzz=0 &&
	rm -rf .pc &&
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
	for patch in "$TOP/patches/cover-letter" "${patches[@]}"; do
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
report 'the cover letter has the text of patches/cover-letter' \
	holds "$cover" "$(sed '1,/^$/d' "$TOP/patches/cover-letter")"
report 'the cover letter has the diffstat of the series' \
	holds "$cover" "$(as_user git -C "$work/quilt_push" diff --stat=72 HEAD~)"

# based_on COMMIT FILE: the cover letter in FILE says so, as b4 understands it
based_on() {
	holds "$2" "base: Linux $(kernel_version "$src")" &&
	[ "$(grep -x 'base-commit: [0-9a-f]\{40\}' "$2")" = "base-commit: $1" ] &&
	(cd "$work/base_commit" &&
	 as_user b4 --offline-mode am -o "$work/b4" -m "$2" 2>&1) |
		grep "using specified base-commit $1"
}

# The Linux of the cover letter, with the commit that it describes.
made() {
	cp -r "$work/linux" "$work/base_commit" &&
	cd "$work/base_commit" &&
	as_user git init -q && as_user git add -A -f &&
	GIT_COMMITTER_DATE=2000-01-01T00:00:00Z as_user \
		git -c user.name=base -c user.email=base@localhost \
		commit -q --date=2000-01-01T00:00:00Z -m "Linux $(kernel_version .)" &&
	as_user git fetch -q "$work/git" &&
	PMEM_CACHE=$work/cache KERNEL_SRC=$work/linux "$TOP/ci/mbox" "$work/made" &&
	based_on "$(as_user git rev-parse HEAD)" "$work/made"
}
report 'the base-commit of a directory is the one that the letter describes' made

from_git() {
	PMEM_CACHE=$work/cache KERNEL_SRC=$work/git "$TOP/ci/mbox" "$work/from_git" &&
	based_on "$(as_user git -C "$work/git" rev-parse HEAD)" "$work/from_git"
}
report 'the base-commit of a git checkout is its HEAD' from_git

changed_git() {
	local file
	file=$(cd "$TOP" && sed -n 's,^--- a/,,p' "${patches[@]}" | head -n 1)
	cp -r "$work/git" "$work/changed" &&
	echo >> "$work/changed/$file" &&
	! PMEM_CACHE=$work/cache KERNEL_SRC=$work/changed "$TOP/ci/mbox" "$work/none" &&
	[ ! -e "$work/none" ]
}
report 'a git checkout that is not its HEAD is refused' changed_git

# The base is not in every repository: b4 says so and applies the mails.
stated() {
	grep -qx 'base-commit: [0-9a-f]\{40\}' "$cover" &&
	holds "$cover" "base: Linux $(kernel_version "$src")" &&
	{ [ -n "${KERNEL_SRC:-}" ] ||
	  holds "$cover" "Debian's $BASE_PACKAGE ${src##*"$BASE_PACKAGE-"}"; }
}
report 'the base and its base-commit are in the cover letter' stated
