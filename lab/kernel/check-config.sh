#!/bin/sh
# Says which options of a config fragment did not survive into a kernel's .config.
#   check-config.sh FRAGMENT .config
set -eu
missing=$(grep '^CONFIG_' "$1" | while IFS= read -r want; do
    name=${want%%=*}
    case $want in
    *=n) ! grep -q "^$name=" "$2" || echo "$want" ;;
    *) grep -qxF "$want" "$2" || echo "$want (is: $(grep "^$name=" "$2" || echo unset))" ;;
    esac
done)
[ -z "$missing" ] && exit 0
echo "The kernel's configuration does not hold these lines of $1:" >&2
echo "$missing" >&2
exit 1
