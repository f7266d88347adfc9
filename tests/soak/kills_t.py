#!/usr/bin/env python3
"""Twenty rounds of kill -9; `make soak` runs a thousand."""

import kills

kills.run(20)
