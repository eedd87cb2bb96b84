// SPDX-License-Identifier: GPL-3.0-or-later
//
// The installer's promises that can be checked without installing anything.
#include "program.h"
#include "real_model.h"

#include <QFile>
#include <QTest>

namespace {

const QString project = BWLA_PROJECT_DIR;
const QString bootstrap = project + "/installer/bootstrap";

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QList<QByteArray> packages() {
    QList<QByteArray> names;
    for (const QByteArray& line : contents(project + "/installer/packages.txt").split('\n'))
        if (!line.isEmpty() && !line.startsWith('#'))
            names << line;
    return names;
}

} // namespace

class BootstrapTest : public QObject {
    Q_OBJECT

private slots:
    void everyPackageIsExplained();
    void modelPrintsOnlyThePath();
    void anUnknownVerbIsAUsageError();
    void ciCallsTheTestVerb();
};

void BootstrapTest::everyPackageIsExplained() {
    const QByteArray text = contents(project + "/docs/dependencies.md");
    const auto names = packages();
    QVERIFY(!names.isEmpty());
    for (const QByteArray& name : names)
        QVERIFY2(text.contains("| `" + name + "` |"), name + " is not in docs/dependencies.md");
    QCOMPARE(text.count("\n| `"), names.size());
}

void BootstrapTest::modelPrintsOnlyThePath() {
    if (qEnvironmentVariableIsSet("BWLA_MODEL"))
        QSKIP("the default model is another file here");
    const auto path = bwla::test::realModel();
    const auto finished = bwla::test::run(bootstrap, {"model"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    QCOMPARE(finished.out, QByteArray::fromStdString(path.string()) + "\n");
}

void BootstrapTest::anUnknownVerbIsAUsageError() {
    const auto finished = bwla::test::run(bootstrap, {"frobnicate"});
    QCOMPARE(finished.exitCode, 2);
    QCOMPARE(finished.out, QByteArray());
    QVERIFY(finished.err.contains("Usage"));
}

void BootstrapTest::ciCallsTheTestVerb() {
    const QList<QByteArray> lines = contents(project + "/.ci/run").trimmed().split('\n');
    QVERIFY(lines.constLast().startsWith("exec "));
    QVERIFY(lines.constLast().endsWith("installer/bootstrap\" test"));
}

QTEST_GUILESS_MAIN(BootstrapTest)
#include "bootstrap_test.moc"
