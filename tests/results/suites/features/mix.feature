Feature: Mix
  Scenario: passes
    Given it passes
  Scenario: fails
    Given it fails
  Scenario: breaks
    Given it breaks
  Scenario: undefined
    Given nobody knows
  Scenario: twice
    Given it fails
  Scenario: twice
    Given it passes
  Scenario: skips
    Given it is skipped
  @hook
  Scenario: hooked
    Given it passes
  @no
  Scenario: untested
    Given it passes
  Scenario Outline: rows
    Given it holds <n>
    Examples: E
      | n |
      | 1 |
      | 2 |
