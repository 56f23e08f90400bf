# SPDX-License-Identifier: GPL-2.0
# Completion of pmemctl's command line in bash, from its own help.

_pmemctl()
{
	local cur prev words cword command=() word last=
	_init_completion || return

	for word in "${words[@]:1:cword-1}"; do
		case $last in
		--root | -m | --mount | -t | --type | -n | --node | -c | --count | -s | --seed) ;;
		*) [[ $word != [a-z]* || ${#command[@]} = 2 ]] || command+=("$word") ;;
		esac
		last=$word
	done
	case $prev in
	-m | --mount | --root)
		_filedir -d
		return
		;;
	-t | --type)
		mapfile -t COMPREPLY < <(compgen -W 'ext4 xfs' -- "$cur")
		return
		;;
	-n | --node | -c | --count | -s | --seed)
		return
		;;
	esac
	if [[ $cur = -* ]]; then
		[[ ${command[0]-} = survival ]] || command=("${command[@]:0:1}")
		mapfile -t COMPREPLY < <(compgen -W "$("$1" "${command[@]}" --help 2> /dev/null |
			grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ', ')" -- "$cur")
		return
	fi
	case ${command[*]:0:2} in
	'') mapfile -t COMPREPLY < <(compgen -W 'list plan apply undo doctor survival' -- "$cur") ;;
	survival) mapfile -t COMPREPLY < <(compgen -W 'write check' -- "$cur") ;;
	survival\ *) mapfile -t COMPREPLY < <(compgen -G "${cur:-/dev/}*" | grep '^/dev/pmem') ;;
	esac
} && complete -F _pmemctl pmemctl
