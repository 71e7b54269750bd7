"""The office's pages of a village's round: server-rendered, in both languages, without scripts."""
