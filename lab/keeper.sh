#!/bin/sh
# Ends the lab's process groups when the lab itself is gone, however it went: the pipe on stdin then closes.
# Each line is "+PGID" (watch it) or "-PGID" (it has ended).
trap '' HUP INT TERM
groups=' '
while read -r line; do
  group=${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in *" $group "*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;; esac ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
exit 0
