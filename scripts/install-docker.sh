#!/usr/bin/env bash
read -r -d '' usage <<'USAGE' || true
install-docker.sh: Docker Engine, Compose and Buildx from Docker's apt repository, ready to use.

  sudo bash -s -- [OPTIONS] < install-docker.sh

  --user NAME             may use Docker without sudo; must exist; repeatable
  --version V             engine version or its beginning: 28, 28.5, 5:28.5.2-1~ubuntu.24.04~noble. The newest that
                          matches is installed and held. Without it: the newest where none is installed, not held
  --apt-url URL           the apt repository (https://download.docker.com/linux/ubuntu, or .../debian)
  --apt-fingerprint FPR   full fingerprint of the key at URL/gpg (Docker's)
  --registry-mirror URL   a mirror of Docker Hub; repeatable
  --log-max-size SIZE     size of one container log file: 10m (default), 500k, 1g
  --log-max-file N        log files kept for each container (3)
  --wait SECONDS          how long to wait for cloud-init, for apt's locks and for another run (300)
  --help

Ubuntu or Debian, amd64 or arm64, systemd, root. A second run changes nothing.
stdout: one line of JSON, {"engine":"28.5.2","compose":"2.40.3","buildx":"0.29.1","containerd":"1.7.28"}
stderr: one line for each phase with its seconds, or what failed and what to do. Exit codes: 1, 2 for arguments.
Everything else goes to /var/log/berth-install.log. BERTH_ROOT (tests only) is put before every path.
USAGE
set -Eeuo pipefail
export LC_ALL=C
umask 022

apt_url="" fingerprint=9DC858229FC7DD38854AE2D88D81803C0EBFCD88
version="" log_max_size=10m log_max_file=3 wait_seconds=300 daemon_seconds=60
users=() mirrors=()
packages=(docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin)
pinned=(docker-ce docker-ce-cli)
conflicting=(docker.io docker-cli docker-doc docker-buildx docker-compose docker-compose-v2 podman-docker containerd runc)

root=${BERTH_ROOT:-}
log=$root/var/log/berth-install.log
lock=$root/run/lock/berth-install.lock
state=$root/var/lib/berth # what Berth wrote or held itself, to tell it from what the host's owner did
keyring=$root/etc/apt/keyrings/docker.asc
source_list=$root/etc/apt/sources.list.d/docker.list
daemon_json=$root/etc/docker/daemon.json
compose_command=$root/usr/local/bin/docker-compose

problems=() phase="" log_from=1 failure="" remedy="" failed_command="" temp="" changed=no lists_fresh=no

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }

# --- saying what happens -------------------------------------------------------------------------------------------
say() { printf 'berth: %s\n' "$*" >&3; }

# fail WHAT REMEDY: end the run; on_exit tells the reader. Not for subshells.
fail() { failure=$1 remedy=$2; exit 1; }

on_exit() {
  local status=$?
  if [ -n "$temp" ]; then rm -rf "$temp"; fi
  if [ "$status" -eq 0 ] || [ -z "$phase" ]; then return; fi
  say "phase $phase failed: ${failure:-${failed_command:-exit code $status}}"
  tail -n "+$log_from" "$log" | tail -n 20 | sed 's/^/  | /' >&3 || true
  say "what to do: ${remedy:-$(tail -n "+$log_from" "$log" | remedy_for)}"
  say "the whole log: $log"
  exit 1 # 2 means wrong arguments, whatever code the failed command had
}

# remedy_for < LOG: what to do about the failures that hosts really have.
remedy_for() {
  local text holder
  text=$(cat)
  holder=$(sed -nE 's/.*(held by process|process with pid) ([0-9]+( \([^)]*\))?).*/\2/p' <<<"$text" | tail -n 1)
  case $text in
    *"E: Could not get lock"* | *"E: Unable to acquire the dpkg"* | *"E: Unable to lock"* | *"lock was locked by"*)
      echo "apt is locked by process ${holder:-unknown}, still after $wait_seconds s: let it end, or stop it, then run this again" ;;
    *"No space left on device"* | *"enough free space"*) echo "free some disk space (df -h), then run it again" ;;
    *"dpkg was interrupted"* | */dpkg" received signal"* | */dpkg" exited unexpectedly"*)
      echo "dpkg was stopped in the middle: run it again, which repairs it first (dpkg --configure -a)" ;;
    *" is expired "* | *" is not valid yet "*)
      echo "the signature of a list has expired: set the host's clock (timedatectl), or wait until the mirror is up to date" ;;
    *"Hash Sum mismatch"* | *"unexpected size"*)
      echo "the index of packages is not the one that was signed: the mirror is being updated, run it again later; or somebody changed it" ;;
    *"esolve"*host* | *"failure resolving"* | *"onnection refused"* | *"onnection timed out"* | *"unreachable"* | *"connect to"*)
      echo "no network: the host must reach $apt_url and its distribution's apt servers (DNS, routes, security group, proxy)" ;;
    *"Conflicting values set for option Signed-By"*)
      echo "another file in /etc/apt/sources.list.d names $apt_url with another key: remove it" ;;
    *"does not have a Release file"* | *"404  Not Found"*)
      echo "check that $apt_url has packages for $distribution $codename" ;;
    *"NO_PUBKEY"* | *"is not signed"* | *"BADSIG"*) echo "the lists at $apt_url are not signed by the key at $apt_url/gpg: do not use it" ;;
    *) echo "fix what the lines above say, then run it again: it goes on where it stopped" ;;
  esac
}

run_phase() {
  local started=${EPOCHREALTIME/./} tenths
  phase=$1 log_from=$(($(wc -l <"$log") + 1))
  "phase_$1" >>"$log" 2>&1
  tenths=$(((${EPOCHREALTIME/./} - started + 50000) / 100000))
  say "$(printf '%-10s %d.%ds' "$1" $((tenths / 10)) $((tenths % 10)))"
}

# --- arguments ----------------------------------------------------------------------------------------------------
# check NAME VALUE PATTERN ALLOWED: a value that does not match is remembered, so that all are told at once.
check() { [[ $2 =~ ^($3)$ ]] || problems+=("$1: got '$2', allowed: $4"); }

parse_arguments() {
  local url='https?://[][A-Za-z0-9._:-]+(/[A-Za-z0-9._~/-]*)?' option value user
  while [ $# -gt 0 ]; do
    option=$1; shift
    if [ "$option" = --help ]; then printf '%s\n' "$usage"; exit 0; fi
    case $option in
      --user | --version | --apt-url | --apt-fingerprint | --registry-mirror | --log-max-size | --log-max-file | --wait) ;;
      *) problems+=("unknown argument '$option' (see --help)"); continue ;;
    esac
    if [ $# -eq 0 ]; then problems+=("$option: got no value"); break; fi
    value=$1; shift
    case $option in
      --user) users+=("$value"); check --user "$value" '[a-z_][a-z0-9_-]{0,30}([a-z0-9_-]|\$)?' "a Linux user name of 32 characters at most" ;;
      --version) version=$value; check --version "$value" '([0-9]+:)?[0-9][A-Za-z0-9.+~-]*' "a version or its beginning, such as 28.5" ;;
      --apt-url) apt_url=${value%/}; check --apt-url "$value" "$url" "an http(s) URL" ;;
      --apt-fingerprint) fingerprint=${value// /}; fingerprint=${fingerprint^^}
        check --apt-fingerprint "$fingerprint" '[0-9A-F]{40}|[0-9A-F]{64}' "a full fingerprint, 40 or 64 hex digits" ;;
      --registry-mirror) mirrors+=("$value"); check --registry-mirror "$value" "$url" "an http(s) URL" ;;
      --log-max-size) log_max_size=$value; check --log-max-size "$value" '[1-9][0-9]*[kmg]?' "a size such as 10m" ;;
      --log-max-file) log_max_file=$value; check --log-max-file "$value" '[1-9][0-9]{0,3}' "1 to 9999" ;;
      --wait) wait_seconds=$value; check --wait "$value" '[1-9][0-9]{0,4}' "1 to 99999 seconds" ;;
    esac
  done
  if [ ${#problems[@]} -gt 0 ]; then return; fi # nothing unchecked reaches a command
  for user in ${users[@]+"${users[@]}"}; do
    id -u -- "$user" >/dev/null 2>&1 || problems+=("--user: there is no user '$user' here; make it first: useradd --create-home --shell /bin/bash $user")
  done
}

check_host() {
  # shellcheck disable=SC1091,SC2153
  read -r distribution codename < <(. "$root/etc/os-release" && echo "$ID ${VERSION_CODENAME:-}") || true
  architecture=$(dpkg --print-architecture 2>/dev/null || uname -m)
  case $distribution in
    ubuntu | debian) [ -n "$codename" ] || problems+=("/etc/os-release names no VERSION_CODENAME: use a released version") ;;
    *) problems+=("unsupported distribution '${distribution:-unknown}': use Ubuntu or Debian") ;;
  esac
  [[ $architecture =~ ^(amd64|arm64)$ ]] || problems+=("unsupported architecture '$architecture': use amd64 or arm64")
  [ "$(id -u)" -eq 0 ] || problems+=("only root can install Docker: run it with sudo")
  apt_url=${apt_url:-https://download.docker.com/linux/$distribution}
}

# --- packages -----------------------------------------------------------------------------------------------------
# apt_get ARGS: quiet, patient. DPkg::Lock::Timeout does not cover the lock on apt's lists, so that one is retried.
apt_get() {
  local deadline=$((SECONDS + wait_seconds))
  failure=""
  until DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -y -q -o DPkg::Lock::Timeout="$wait_seconds" \
    -o Acquire::Retries=5 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" >"$temp/apt" 2>&1; do
    cat "$temp/apt"
    if ! apt_was_locked || [ "$SECONDS" -ge "$deadline" ]; then failure="apt-get did not succeed"; return 1; fi
    sleep 2
  done
  cat "$temp/apt"
}

apt_was_locked() { grep -Eq '^E: (Could not get lock|Unable to (acquire|lock))' "$temp/apt"; }

# Docker's list alone is fetched where the host already has its distribution's.
update_lists() {
  if [ "${1:-}" != all ] && compgen -G "$root/var/lib/apt/lists/*_Packages*" >/dev/null; then
    apt_get -o Dir::Etc::sourcelist="$source_list" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 \
      -o APT::Update::Error-Mode=any update
    lists_fresh=yes # Docker's
  else
    apt_get update # a list that cannot be had is a warning here
  fi
}

install_packages() {
  if apt_get install --no-install-recommends --allow-downgrades --allow-change-held-packages "$@"; then return; fi
  if apt_was_locked; then return 1; fi
  echo "a dependency may be missing from old lists: fetching all of them"
  update_lists all
  apt_get install --no-install-recommends --allow-downgrades --allow-change-held-packages "$@"
}

# installed NAME...: "NAME VERSION" for each that is installed.
installed() {
  { dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } | sed -n 's/ installed$//p'
}

# matching_version VERSION...: the first that --version means: 28.5 is 5:28.5.2-1~debian, not 5:28.50.
matching_version() {
  local candidate comparable
  for candidate in "$@"; do
    case $version in *:*) comparable=$candidate ;; *) comparable=${candidate#*:} ;; esac
    case $comparable in
      "$version" | "${version:-"$comparable"}" | "$version"[!0-9]*) echo "$candidate"; return ;;
    esac
  done
}

available_versions() { apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '!seen[$2]++ { print $2 }'; }

# put_file FILE MODE < CONTENT: written in one step, and only where it differs; sets $changed.
put_file() {
  local new=$1.berth-new # one run at a time has the lock
  mkdir -p "${1%/*}"
  cat >"$new"
  changed=no
  if cmp -s "$new" "$1"; then rm -f "$new"; return; fi
  chmod "$2" "$new"
  sync "$new"
  mv -f "$new" "$1"
  changed=yes
}

# What dpkg had not yet written into its database is in updates: apt refuses to do anything then, and the audit is silent.
dpkg_was_stopped() {
  [ -n "$(dpkg --audit 2>/dev/null)" ] || compgen -G "$root/var/lib/dpkg/updates/[0-9]*" >/dev/null
}

# --- phases -------------------------------------------------------------------------------------------------------
phase_wait() {
  local status=0 deadline=$((SECONDS + wait_seconds))
  if command -v cloud-init >/dev/null && [ ! -e "$root/run/cloud-init/result.json" ]; then
    timeout "$wait_seconds" cloud-init status --wait || status=$?
    case $status in
      0) ;;
      2) say "warning: cloud-init ended with recoverable errors (cloud-init status --long tells which)" ;;
      124) say "warning: cloud-init is still at work after $wait_seconds s; going on" ;;
      *) say "warning: cloud-init failed with exit code $status (cloud-init status --long tells why); going on" ;;
    esac
  fi
  mkdir -p "${lock%/*}"
  exec 9<>"$lock"
  flock -w "$wait_seconds" 9 || fail "another install, process $(cat "$lock"), has held $lock for $wait_seconds s" "let it end, then run this again"
  echo "$$" >"$lock"
  while dpkg_was_stopped && ! dpkg --configure -a; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 2
  done
}

phase_repository() {
  local needed=() source
  [ -n "$(installed ca-certificates)" ] || needed+=(ca-certificates)
  command -v curl >/dev/null || needed+=(curl)
  command -v gpg >/dev/null || needed+=(gnupg)
  command -v python3 >/dev/null || needed+=(python3)
  if [ ${#needed[@]} -gt 0 ]; then
    compgen -G "$root/var/lib/apt/lists/*_Packages*" >/dev/null || update_lists all
    install_packages "${needed[@]}"
  fi
  if ! [ -e "$keyring" ] || [ "$(primary_fingerprints "$keyring")" != "$fingerprint" ]; then fetch_key; fi
  source="deb [arch=$architecture signed-by=$keyring] $apt_url $codename stable"
  put_file "$source_list" 0644 <<<"$source"
  if [ "$changed" = yes ]; then update_lists; fi
}

# A file of two armoured blocks is refused as well: tools differ in how many of them they read.
fetch_key() {
  local got
  curl -fsSL --retry 5 --retry-connrefused --connect-timeout 15 --max-time 60 -o "$temp/key" "$apt_url/gpg"
  got=$(primary_fingerprints "$temp/key")
  if [ "$got" != "$fingerprint" ] || [ "$(grep -c 'BEGIN PGP' "$temp/key")" -ne 1 ]; then
    fail "the key at $apt_url/gpg is not the expected one: got ${got:-no key}, expected $fingerprint and nothing else" \
      "if the repository has a new key, check it with its owner and pass --apt-fingerprint; otherwise do not trust it"
  fi
  put_file "$keyring" 0644 <"$temp/key"
}

# primary_fingerprints FILE: all on one line.
primary_fingerprints() {
  install -d -m 0700 "$temp/gnupg"
  { GNUPGHOME=$temp/gnupg gpg --batch --quiet --show-keys --with-colons "$1" || true; } |
    awk -F: '$1 == "pub" || $1 == "sec" { primary = 1 } $1 == "fpr" && primary { printf "%s%s", sep, $10; sep = " "; primary = 0 }'
}

# Before the packages, so that the daemon starts once, and with this.
phase_config() {
  local swarm action note
  swarm=$(timeout 30 docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null || true)
  # A run that was cut off between the two files: what it wrote is not the owner's.
  if [ -e "$state/daemon-next" ] && [ -e "$state/daemon-next-owned" ] && cmp -s "$state/daemon-next" "$daemon_json"; then
    put_file "$state/daemon.json" 0644 <"$state/daemon-next-owned"
  fi
  rm -f "$state/daemon-next" "$state/daemon-next-owned"
  if ! merge_daemon_json "$daemon_json" "$state/daemon.json" "$temp" "$swarm" "$log_max_size" "$log_max_file" \
    ${mirrors[@]+"${mirrors[@]}"} 2>"$temp/error"; then
    fail "$(cat "$temp/error"); the file was left as it is" "fix the file (python3 -m json.tool $daemon_json), then run this again"
  fi
  while read -r note; do say "$daemon_json: $note"; done <"$temp/notes"
  action=$(cat "$temp/action")
  if [ "$action" != none ]; then
    if command -v dockerd >/dev/null && ! dockerd --validate --config-file "$temp/daemon.json"; then
      fail "dockerd refuses $daemon_json together with Berth's keys; the file was left as it is" "fix what it names, then run this again"
    fi
    # Remembered on disk: a run that dies before the daemon knows is made good by the next.
    if systemctl is-active --quiet docker && ! grep -qs restart "$state/daemon-pending"; then
      put_file "$state/daemon-pending" 0644 <<<"$action"
    fi
    put_file "$state/daemon-next-owned" 0644 <"$temp/owned.json"
    put_file "$state/daemon-next" 0644 <"$temp/daemon.json"
    put_file "$daemon_json" 0644 <"$temp/daemon.json"
    # live-restore counts at once, so that the restart leaves the containers running.
    if [ "$action" = restart ] && systemctl is-active --quiet docker; then systemctl reload docker || true; fi # restarts tells
  fi
  put_file "$state/daemon.json" 0644 <"$temp/owned.json"
  rm -f "$state/daemon-next" "$state/daemon-next-owned"
}

# What a restart of the daemon means, in words.
restarts() {
  local live
  live=$(timeout 30 docker info --format '{{.LiveRestoreEnabled}}' 2>/dev/null || true)
  if [ "$live" = true ]; then
    echo "Docker restarts, and the containers run on"
  else
    echo "Docker restarts, and all containers with it (live-restore is off)"
  fi
}

# Three-way: what the host's owner wrote stays, what Berth wrote last time follows the arguments.
merge_daemon_json() {
  python3 - "$@" <<'PYTHON'
import json, sys
path, last_path, out, swarm, max_size, max_file, *mirrors = sys.argv[1:]
GONE = object()

def load(path):
    try:
        text = open(path, encoding="utf-8").read()
        value = json.loads(text) if text.strip() else {}
    except FileNotFoundError:
        return {}
    except ValueError as error:  # its text has line and column
        sys.exit(f"{path} is not valid JSON: {error}")
    return value if isinstance(value, dict) else sys.exit(f"{path} is not a JSON object")

def minus(whole, part):
    if isinstance(whole, dict) and isinstance(part, dict):
        rest = {k: minus(v, part[k]) if k in part else v for k, v in whole.items()}
        return {k: v for k, v in rest.items() if v is not GONE} or GONE
    if isinstance(whole, list) and isinstance(part, list):
        return [v for v in whole if v not in part] or GONE
    return GONE if whole == part else whole

def under(ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {**ours, **{k: under(ours.get(k, v), v) for k, v in theirs.items()}}
    if isinstance(ours, list) and isinstance(theirs, list):
        return theirs + [v for v in ours if v not in theirs]
    return theirs

config, notes = load(path), []
owner = minus(config, load(last_path))
owner = {} if owner is GONE else owner
ours = {"log-driver": "local", "log-opts": {"max-size": max_size, "max-file": max_file}, "live-restore": True}
if mirrors:
    ours["registry-mirrors"] = mirrors
if owner.get("log-driver", "local") != "local" or set(owner.get("log-opts", ())) - {"max-size", "max-file", "compress"}:
    del ours["log-driver"], ours["log-opts"]
    notes.append("log-driver and log-opts are the host's own and stay")
if swarm == "active":
    del ours["live-restore"]
    notes.append("live-restore is left out: Swarm mode refuses it")
merged = under(ours, owner)
new = {k: merged[k] for k in [*config, *merged] if k in merged}
notes += [f"{k} is the host's own and stays" for k in ours if k in owner and k != "registry-mirrors" and new[k] != ours[k]]
owned = minus(new, owner)
differing = {k for k in {*config, *new} if config.get(k) != new.get(k)}
reloadable = {"registry-mirrors", "live-restore"} & set(new)  # a key that goes away is not noticed by a reload
action = "none" if not differing else "reload" if differing <= reloadable else "restart"
for name, text in {
    "daemon.json": json.dumps(new, indent=2),
    "owned.json": json.dumps({} if owned is GONE else owned, indent=2),
    "notes": "\n".join(notes),
    "action": action,
}.items():
    open(f"{out}/{name}", "w", encoding="utf-8").write(text + "\n" if text else "")
PYTHON
}

# After key and config are known to be good. Never purged: images, volumes and settings stay.
phase_conflicts() {
  local found
  mapfile -t found < <(installed "${conflicting[@]}" | awk '{ print $1 }')
  # containerd.io brings its own runc or depends on the distribution's: then that one belongs to it.
  if dpkg-query -W -f '${db:Status-Status} ${Depends}' containerd.io 2>/dev/null | grep -Eq '^installed.*\brunc\b'; then
    mapfile -t found < <(printf '%s\n' ${found[@]+"${found[@]}"} | grep -vx runc)
  fi
  if [ -n "${found[*]}" ]; then apt_get remove "${found[@]}"; fi
}

phase_packages() {
  local present engine candidates name
  present=$(installed "${packages[@]}")
  engine=$(awk '$1 == "docker-ce" { print $2 }' <<<"$present")
  if [ "$(wc -l <<<"$present")" -lt ${#packages[@]} ] || { [ -n "$version" ] && [ -z "$(matching_version "$engine")" ]; }; then
    mapfile -t candidates < <(wanted_packages)
    if [ ${#candidates[@]} -eq 0 ] && [ "$lists_fresh" = no ]; then
      update_lists
      mapfile -t candidates < <(wanted_packages)
    fi
    if [ ${#candidates[@]} -eq 0 ]; then
      fail "there is no docker-ce ${version:-at all} for $distribution $codename $architecture at $apt_url" \
        "choose one of these with --version: $(available_versions docker-ce | head -n 20 | paste -sd ' ' -)"
    fi
    if [ -n "$engine" ] && [[ ${candidates[0]} == *=* ]]; then say "docker-ce $engine becomes ${candidates[0]#*=}: $(restarts)"; fi
    install_packages "${candidates[@]}"
  fi
  name=$(apt-mark showhold "${pinned[@]}" | paste -sd ' ' -)
  if [ -n "$version" ] && [ "$name" != "${pinned[*]}" ]; then
    # Remembered first: a hold that nobody remembers would count as the owner's, and never end.
    put_file "$state/held" 0644 <<<"${pinned[*]}"
    apt-mark hold "${pinned[@]}"
  elif [ -z "$version" ] && [ -e "$state/held" ]; then
    apt-mark unhold "${pinned[@]}"
    rm -f "$state/held"
  fi
}

# wanted_packages: what to tell apt-get install; nothing where the version is not there.
wanted_packages() {
  local name versions match
  for name in "${pinned[@]}"; do
    mapfile -t versions < <(available_versions "$name")
    match=$(matching_version ${versions[@]+"${versions[@]}"})
    [ -n "$match" ] || return 0
    if [ -n "$version" ]; then echo "$name=$match"; else echo "$name"; fi
  done
  printf '%s\n' "${packages[@]:2}"
}

phase_daemon() {
  local pending found own='#!/bin/sh
# Written by Berth: the name of Compose v1 for the Compose of today.
exec docker compose "$@"'
  # For several units at once it is enough that one of them is enabled.
  if ! systemctl is-enabled --quiet docker || ! systemctl is-enabled --quiet containerd || ! systemctl is-active --quiet docker; then
    systemctl enable --now containerd docker || daemon_failed "did not start"
    rm -f "$state/daemon-pending" # it has just read its configuration
  fi
  pending=$(cat "$state/daemon-pending" 2>/dev/null || true)
  if [ "$pending" = restart ]; then say "$daemon_json has changed: $(restarts)"; fi
  if [ -n "$pending" ]; then systemctl "$pending" docker || daemon_failed "did not $pending"; fi
  wait_for_daemon
  rm -f "$state/daemon-pending"
  found=$(command -v docker-compose || echo "$compose_command")
  if ! [ -e "$found" ] || grep -qs 'Written by Berth' "$found"; then put_file "$compose_command" 0755 <<<"$own"; fi
}

wait_for_daemon() {
  local deadline=$((SECONDS + daemon_seconds))
  until timeout 10 docker version --format '{{.Server.Version}}'; do
    if [ "$SECONDS" -ge "$deadline" ]; then daemon_failed "has not answered for $daemon_seconds s"; fi
    sleep 0.2
  done
}

daemon_failed() {
  journalctl --no-pager -u docker -n 15 || true
  fail "the Docker daemon $1" "read its last lines above; $daemon_json is the usual cause"
}

phase_users() {
  local user
  for user in ${users[@]+"${users[@]}"}; do
    if ! id -nG -- "$user" | tr ' ' '\n' | grep -qx docker; then usermod -aG docker -- "$user"; fi
  done
}

# Membership of a group counts in new sessions only, so each user gets one.
phase_verify() {
  local user
  for user in ${users[@]+"${users[@]}"}; do
    # shellcheck disable=SC2016
    timeout 60 runuser -l "$user" -s /bin/sh -c 'docker version --format "{{.Server.Version}}" && docker compose version --short' ||
      fail "user $user cannot use Docker in a new session" "look for a DOCKER_HOST or PATH in the profile of $user; try: runuser -l $user -c 'docker version'"
  done
  engine=$(docker version --format '{{range .Server.Components}}{{.Name}} {{.Version}}{{"\n"}}{{end}}')
  containerd=$(awk '$1 == "containerd" { print $2 }' <<<"$engine")
  engine=$(awk '$1 == "Engine" { print $2 }' <<<"$engine")
  compose=$(docker compose version --short)
  buildx=$(docker buildx version | awk '{ print $2; exit }')
}

# plain VERSION: v2.40.3 -> 2.40.3, 26.1.5+dfsg1-9 -> 26.1.5
plain() { sed -E 's/^v//; s/[+~].*//; s/-[0-9.]+$//; s/[^A-Za-z0-9.-]//g' <<<"$1"; }

main() {
  local name
  exec 3>&2
  parse_arguments "$@"
  check_host
  if [ ${#problems[@]} -gt 0 ]; then
    for name in "${problems[@]}"; do say "$name"; done
    exit 2
  fi
  phase=start
  trap on_exit EXIT
  trap 'failed_command=$BASH_COMMAND' ERR
  temp=$(mktemp -d)
  mkdir -p "${log%/*}"
  (umask 077 && date '+--- %F %T' >>"$log")
  for name in wait repository config conflicts packages daemon users verify; do run_phase "$name"; done
  printf '{"engine":"%s","compose":"%s","buildx":"%s","containerd":"%s"}\n' \
    "$(plain "$engine")" "$(plain "$compose")" "$(plain "$buildx")" "$(plain "$containerd")"
}

main "$@" </dev/null # whole before it starts: nothing it runs can eat the rest of the stream
