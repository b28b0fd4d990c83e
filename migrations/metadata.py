"""All tables of all rooms in one metadata: importing the models fills it."""

import alerts.models
import enrichment.models
import tracker.models
import web.models
from tracker.db import Base

MODELS = (tracker.models, enrichment.models, alerts.models, web.models)
metadata = Base.metadata
