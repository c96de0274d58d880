"""The labeler: signed labels and the decisions behind them. Nothing is served yet."""
