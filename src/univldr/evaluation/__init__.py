"""Measures, significance, tables and the modality report of runs over texts and images.

>>> evaluation = evaluate(run, qrels)
>>> evaluation["nDCG@10"]
0.5932
"""

from univldr.evaluation.measures import (
    DEFAULT,
    Evaluation,
    Measure,
    evaluate,
    positives_by_modality,
    sub_task,
)
from univldr.evaluation.modality import modality_report
from univldr.evaluation.report import ModalityReport
from univldr.evaluation.significance import Comparison, compare, compare_all
from univldr.evaluation.tables import ResultsTable, Row, comparison_table, results_table

__all__ = [
    "DEFAULT",
    "Comparison",
    "Evaluation",
    "Measure",
    "ModalityReport",
    "ResultsTable",
    "Row",
    "compare",
    "compare_all",
    "comparison_table",
    "evaluate",
    "modality_report",
    "positives_by_modality",
    "results_table",
    "sub_task",
]
