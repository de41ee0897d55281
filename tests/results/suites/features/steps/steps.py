from behave import given


@given("it passes")
def passes(context):
    pass


@given("it fails")
def fails(context):
    assert 0, "no"


@given("it breaks")
def breaks(context):
    raise RuntimeError("broken")


@given("it holds {number:d}")
def holds(context, number):
    assert number < 2


@given("it is skipped")
def skips(context):
    context.scenario.skip("why")
