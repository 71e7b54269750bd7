"""Forty names that a spreadsheet could take for a formula, a link or a command."""

FORMULAS = (
    "=1+1", "=SUM(A1:A9)", '=HYPERLINK("http://contoh.invalid","klik")', "=cmd|'/C calc'!A0",
    '=WEBSERVICE("http://contoh.invalid/")', '=IMPORTXML("http://contoh.invalid","//a")',
    '=DDE("cmd","/C calc","x")', '=INDIRECT("A1")', "=NOW()", "=RAND()", "=A1", "=-1",
    "=+1", "==1", "= 1+1", "+1+1", "+SUM(A1)", "+cmd|'/C calc'!A0", "+62812345678", "+A1", "+",
    "-1+1", "-SUM(A1)", "-2+3+cmd|'/C calc'!A0", "-A1", "--1", "-", "@SUM(A1)", "@A1",
    "@cmd|'/C calc'!A0", "@", "\t=1+1", "\t+1", "\t@SUM(A1)", '="a"&"b"',
    "=IF(1,1,1)", "=R1C1", "=TRUE()", "=[1]Sheet1!A1", "=_xlfn.CONCAT(A1)",
)  # fmt: skip
assert len(FORMULAS) == 40
