"""The parts of the command "aigc"; aigc.cli puts them together."""
