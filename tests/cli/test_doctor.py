"""`doctor` names what is wrong and the cure."""


def test_a_good_installation_is_told_line_by_line(shell, tmp_path):
    ran = shell("doctor", "--data", tmp_path / "data", "--json")
    checks = {finding["check"]: finding for finding in ran.json["findings"]}
    expected = {"Python", "packages", "SQLite", "page", "data directory", "file system", "fsync"}
    assert expected | {"disk space", "database", "Valkey", "PyTorch", "GPU", "memory"} <= set(
        checks
    )
    wrong = [name for name, finding in checks.items() if finding["state"] == "wrong"]
    assert ran.code == (1 if wrong else 0)
    assert set(wrong) <= {"page", "packages"}, "nothing else depends on what was built"


def test_what_is_wrong_carries_its_cure_and_exit_code_1(shell, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    shell.environment["CLOUDCHAMBER_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/none"
    shell.environment["CLOUDCHAMBER_BROKER_URL"] = "redis://127.0.0.1:9/0"
    ran = shell("doctor", "--data", tmp_path / "file", "--json")
    assert ran.code == 1
    wrong = {f["check"]: f["cure"] for f in ran.json["findings"] if f["state"] == "wrong"}
    assert {"data directory", "database", "broker"} <= set(wrong)
    assert all(wrong.values())


def test_the_text_has_a_line_for_each_finding(shell, tmp_path):
    ran = shell("doctor", "--data", tmp_path / "data")
    assert "SQLite" in ran.out
    assert ran.out.rstrip().endswith(("All is well.", "wrong."))
