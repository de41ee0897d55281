def before_scenario(context, scenario):
    if "hook" in scenario.tags:
        raise RuntimeError("hook")
