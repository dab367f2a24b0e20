
#compdef rtt

_rtt_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _RTT_COMPLETE=complete_zsh rtt)
}

compdef _rtt_completion rtt

