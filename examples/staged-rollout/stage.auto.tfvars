# The roll-out goes forward by changing this line: pilot, departments, everybody.
stage = "pilot"
