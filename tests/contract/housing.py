"""Two rows of the California housing data, and what identity8 answers: the
first column of each.

SPDX-License-Identifier: Apache-2.0
"""
A = "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"
B = "8.3014,21,6.23813708,0.97188049,2401,2.10984183,37.86,-122.22"
REST = A.split(",", 1)[1]  # columns 2 to 8
HEADER = (
    "MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude"
)
ONE = b'{\n    "predictions": [[8.3252]\n    ]\n}'
TWO = b'{\n    "predictions": [[8.3252], [8.3014]\n    ]\n}'
