*** Settings ***
Library    NoSuchLibrary
*** Test Cases ***
Passes
    Log    fine
Fails
    Fail    no
Skips
    Skip    why
Twice
    Fail    first
Twice
    Log    second
Unknown Keyword
    Do What Nobody Knows
Setup Fails
    [Setup]    Fail    setup
    Log    x
Teardown Fails
    Log    x
    [Teardown]    Fail    teardown
Control
    Fail    escape \x1b \x00
