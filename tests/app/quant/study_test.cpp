// SPDX-License-Identifier: GPL-3.0-or-later
//
// The study on a tiny model: rows, seeds, what a second run takes from the first, and bad input.
#include "core/study/study_rows.h"
#include "expect_error.h"
#include "program.h"
#include "tiny_model.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace bwla;
using namespace bwla::test;

namespace {

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class StudyTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

    [[nodiscard]] QString at(const QString& name) const { return folder_.filePath(name); }
    [[nodiscard]] Finished study(const QString& rows, const QStringList& more = {}) const {
        return runBwla(QStringList{"study", at("tiny"), "--ppl", at("text"), "-o", at("study"),
                                   "--rows", rows, "--tokens", "256", "--protocol", "llamacpp-512",
                                   "--backend", "cpu", "--threads", "1", "--json"} +
                       more);
    }

private slots:
    void initTestCase() {
        TinyModel model;
        model.layers = 1;
        model.context = 1024;
        writeTinyFolder(at("tiny").toStdString(), model);
        QFile text(at("text"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write(QByteArray("the study reads this text again and again. ").repeated(60));
    }

    void everyRowIsARecipeOfItsOwn() {
        std::set<std::string> recipes;
        for (const StudyRow& row : studyRows()) {
            QuantizeSettings settings;
            settings.outputPath = "out";
            row.change(settings);
            validate(settings);
            QVERIFY2(recipes.insert(recipeJson(settings)).second, row.name.data());
        }
        QCOMPARE(chosenStudyRows("all").size(), studyRows().size());
        QCOMPARE(chosenStudyRows("closed,sign").front().name, std::string_view("sign"));
        const auto error = errorOf([] { return chosenStudyRows("steps,stepz"); });
        QVERIFY(is(error, ErrorCode::badArgument) && names(*error, "stepz"));
    }

    /// Two rows, the rotated one with two seeds; figures are there and the rows differ.
    void rowsAreMeasured() {
        const Finished done = study("sign,okt", {"--seeds", "2"});
        QVERIFY2(done.exitCode == 0, done.all());
        const auto rows = done.json();
        QCOMPARE(rows.size(), std::size_t{3});
        QCOMPARE(rows[0]["row"].get<std::string>(), std::string("sign"));
        QCOMPARE(rows[2]["seed"].get<int>(), 1);
        QVERIFY(rows[1]["perplexity_a16"].get<double>() > 1.0);
        QVERIFY(rows[1]["perplexity_a16"] != rows[2]["perplexity_a16"]);
        QVERIFY(rows[0]["bits_linear"].get<double>() < rows[1]["bits_linear"].get<double>());
        QVERIFY(rows[0]["binarisation_before"] == rows[0]["binarisation_after"]); // not rotated
        QVERIFY(rows[1]["activation_error"].get<double>() <
                rows[0]["activation_error"].get<double>());
        const QByteArray table = contents(at("study/study.md"));
        QCOMPARE(table.count('\n'), 4); // head, rule, two rows
        QVERIFY(table.contains(" +- "));
        QVERIFY(!QDir(at("study/okt-s0")).exists()); // the artifact was only needed to measure
    }

    void aSecondRunMeasuresOnlyWhatIsNew() {
        const QByteArray before = contents(at("study/okt-s1.json"));
        const Finished again = study("sign,okt", {"--seeds", "3"});
        QVERIFY2(again.exitCode == 0, again.all());
        QCOMPARE(again.json().size(), std::size_t{4});
        QCOMPARE(contents(at("study/okt-s1.json")), before);
        const auto secondsOf = [](const QByteArray& json) {
            return nlohmann::json::parse(json.toStdString())["seconds"].get<double>();
        };
        QCOMPARE(again.json()[2]["seconds"].get<double>(), secondsOf(before)); // read, not run

        const Finished other = study("okt", {"--seed", "1", "--windows", "1", "--keep"});
        QVERIFY2(other.exitCode == 0, other.all());
        QVERIFY(contents(at("study/okt-s1.json")) != before); // another question, another answer
        QVERIFY(QDir(at("study/okt-s1")).exists());
    }

    void badInputIsOneSentence() {
        const Finished failed = study("hadamard");
        QCOMPARE(failed.exitCode, 1);
        QVERIFY2(failed.json()["error"]["message"].get<std::string>().find(
                     "Hadamard matrix of order 6") != std::string::npos,
                 failed.all());
        QCOMPARE(runBwla({"study", "--list", "--json"}).json().size(), studyRows().size());
    }
};

QTEST_GUILESS_MAIN(StudyTest)
#include "study_test.moc"
