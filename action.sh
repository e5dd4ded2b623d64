#!/usr/bin/env bash
# The steps of action.yml. Inputs come by the environment and are never part of a command line that a shell reads.
set -euo pipefail

install() {
  local extras=${CURATE_EXTRAS:+[$CURATE_EXTRAS]}
  if [[ -n ${CURATE_VERSION:-} ]]; then
    python -P -m pip install "imagecurate$extras==$CURATE_VERSION"
  else
    python -P -m pip install "$GITHUB_ACTION_PATH$extras"
  fi
}

audit() {
  local reports=${RUNNER_TEMP:-.}/curate status=0 word
  local arguments=("$CURATE_SOURCE" -w "${CURATE_WORKSPACE:-.curate}")
  mkdir -p "$reports"
  rm -f "$reports/junit.xml" "$reports/curate.sarif"
  arguments+=(--junit "$reports/junit.xml" --sarif "$reports/curate.sarif")
  for word in ${CURATE_FAIL_ON:-}; do
    arguments+=(--fail-on "$word")
  done
  while IFS= read -r word; do
    if [[ -n $word ]]; then
      arguments+=("$word")
    fi
  done <<<"${CURATE_OPTIONS:-}"
  curate audit "${arguments[@]}" | tee "$reports/tables.txt" || status=${PIPESTATUS[0]}
  if [[ -f $reports/junit.xml ]]; then
    echo "junit=$reports/junit.xml" >>"${GITHUB_OUTPUT:-/dev/null}"
    echo "sarif=$reports/curate.sarif" >>"${GITHUB_OUTPUT:-/dev/null}"
    { echo '```'; cat "$reports/tables.txt"; echo '```'; } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  fi
  return "$status"
}

case ${1:-} in
  install | audit) "$1" ;;
  *)
    echo "action.sh: say install or audit" >&2
    exit 2
    ;;
esac
