"""`manage.py up`: everything Postroom needs, started, watched and stopped as one.

up          the steps from nothing to ready, and the way back
preflight   what must hold before anything is started
stack       the programs: web, workers, beat
valkey      the embedded broker
supervisor  starts, restarts and stops programs
process     one program's running process
guardian    ends what is left when the supervisor itself is killed
console     lines with the name of the program they come from
first_run   the first administrator, API key and order of a development machine
"""
