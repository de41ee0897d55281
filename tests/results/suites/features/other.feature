Feature: Other
  Scenario: passes
    Given it passes
