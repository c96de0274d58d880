"""The labeler: signed labels, and the decisions behind them."""
