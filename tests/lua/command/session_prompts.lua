-- _PROMPT and _PROMPT2 are the prompts of a session, whatever their type.
--! same-as-lua
--! options -i
--! stdin 1\nif true then\nend\n_PROMPT = 42\n_PROMPT = nil\n2
_PROMPT, _PROMPT2 = "first> ", "second> "
