*** Settings ***
Suite Teardown    Fail    end
*** Test Cases ***
Passes
    Log    fine
Skips
    Skip    why
