// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/histogram.h"
#include "core/stats/mixture.h"
#include "screenshot.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/histogram_series.h"
#include "ui/widgets/plot.h"
#include "ui/widgets/plot_table.h"
#include "ui/widgets/viridis.h"

#include <QClipboard>
#include <QImage>
#include <QPdfWriter>
#include <QTableView>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

#include <cmath>
#include <random>

using namespace bwla;
using namespace bwla::ui;

namespace {

/// A bell and two peaks at +-0.1, the same bins.
PlotData twoStages() {
    std::mt19937 random(1);
    std::normal_distribution<float> bell(0.0F, 0.1F), narrow(0.0F, 0.04F);
    std::vector<float> before, after;
    for (int i = 0; i < 4000; ++i) {
        before.push_back(bell(random));
        after.push_back((i % 2 == 0 ? 0.1F : -0.1F) + narrow(random));
    }
    PlotData data;
    data.title = "layers.11.mlp.down_proj, channel 217";
    data.x.title = "Weight value";
    data.y.title = "Density";
    data.series << histogramSeries("Original", Series::original, histogram(before, -0.4, 0.4), true)
                << histogramSeries("After PSP", Series::afterPsp, histogram(after, -0.4, 0.4), true)
                << mixtureSeries("Fitted mixture", fitEqualMixture(after), -0.4, 0.4);
    data.marks << PlotMark{-0.1, "−c −0.100"} << PlotMark{0.1, "+c 0.100"};
    data.summary = "Weights of layer 11 down_proj, channel 217: two peaks at minus and plus 0.1.";
    return data;
}

PlotData map() {
    PlotData data;
    data.x.title = "Input channel";
    data.y.title = "Token";
    data.map = PlotMap{3, 5, {}, 0.0, 14.0};
    for (int i = 0; i < 15; ++i)
        data.map->values.push_back(static_cast<float>(i));
    return data;
}

} // namespace

class PlotTest : public QObject {
    Q_OBJECT

private:
    Theme theme_;

private Q_SLOTS:
    void shows_both_themes();
    void cursor_walks_points_curves_and_ends();
    void cursor_snaps_to_the_mouse();
    void legend_hides_a_curve_and_cursor_skips_it();
    void zoom_and_back();
    void table_and_csv_hold_the_values();
    void a_map_reads_out_its_cells();
    void exports();
    void empty_plot_says_why();
    void morph_ends_at_the_new_values();
    void viridis_darkens_downward();
};

void PlotTest::shows_both_themes() {
    Card card("Weights");
    auto* plot = new Plot(theme_);
    card.body()->addWidget(plot);
    addPlotTools(card, *plot, theme_);
    card.resize(560, 420);
    plot->setData(twoStages());
    card.show();
    QCOMPARE(plot->accessibleName(), twoStages().summary);
    QVERIFY2(!theme_.icon("table").isNull(), "icons are not linked in");
    QColor middle;
    for (const auto mode : {Theme::Mode::dark, Theme::Mode::light}) {
        theme_.setMode(mode);
        plot->setFocus();
        QTest::keyClick(plot, Qt::Key_Right);
        QCoreApplication::processEvents();
        saveShot(card, mode == Theme::Mode::dark ? "plot-dark" : "plot-light");
        const QColor corner =
            plot->grab().toImage().pixelColor(plot->width() - 3, plot->height() / 2);
        QVERIFY2(corner != middle, "the plot did not follow the theme");
        middle = corner;
    }
}

void PlotTest::cursor_walks_points_curves_and_ends() {
    Plot plot(theme_);
    plot.setData(twoStages());
    QVERIFY(!plot.cursor().active());
    QTest::keyClick(&plot, Qt::Key_Home);
    const std::vector<double>& x = plot.data().series[0].x;
    QCOMPARE(plot.cursor().x(), x.front());
    QTest::keyClick(&plot, Qt::Key_Right);
    QTest::keyClick(&plot, Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(plot.cursor().x(), x[11]);
    QTest::keyClick(&plot, Qt::Key_Left);
    QCOMPARE(plot.cursor().current().value, plot.data().series[0].y[10]);
    QTest::keyClick(&plot, Qt::Key_Down);
    QCOMPARE(plot.cursor().current().name, QString("After PSP"));
    QCOMPARE(plot.cursor().current().value, plot.data().series[1].y[10]);
    QTest::keyClick(&plot, Qt::Key_End);
    QCOMPARE(plot.cursor().x(), x.back());
    QTest::keyClick(&plot, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(),
             QString::number(x.back(), 'g', 9) + "\t" +
                 QString::number(plot.data().series[1].y.back(), 'g', 9));
    QVERIFY2(plot.accessibleDescription().contains("After PSP"), qPrintable(plot.readOut()));
}

void PlotTest::cursor_snaps_to_the_mouse() {
    Plot plot(theme_);
    plot.resize(500, 300);
    plot.setData(twoStages());
    plot.show();
    auto* canvas = plot.findChild<QWidget*>({}, Qt::FindDirectChildrenOnly);
    for (QWidget* child : plot.findChildren<QWidget*>())
        if (child->inherits("QCustomPlot"))
            canvas = child;
    QTest::mouseMove(canvas, QPoint(250, 100));
    QTRY_VERIFY(plot.cursor().active());
    const auto& x = plot.data().series[0].x;
    QVERIFY(std::ranges::find(x, plot.cursor().x()) != x.end());
}

void PlotTest::legend_hides_a_curve_and_cursor_skips_it() {
    Plot plot(theme_);
    plot.setData(twoStages());
    plot.setHidden("After PSP", true);
    QTest::keyClick(&plot, Qt::Key_Home);
    QTest::keyClick(&plot, Qt::Key_Down);
    QCOMPARE(plot.cursor().current().name, QString("Fitted mixture"));
    QCOMPARE(plot.cursor().readings().size(), 2);
    plot.setData(twoStages()); // stays hidden when the data change
    QVERIFY(plot.isHidden("After PSP"));
}

void PlotTest::zoom_and_back() {
    Plot plot(theme_);
    plot.setData(twoStages());
    const auto whole = plot.view();
    QTest::keyClick(&plot, Qt::Key_Plus);
    QVERIFY(plot.view().second - plot.view().first < whole.second - whole.first);
    plot.setData(twoStages());
    QVERIFY2(plot.view() != whole, "new values of the same range keep the zoom");
    QTest::keyClick(&plot, Qt::Key_Minus);
    QTest::keyClick(&plot, Qt::Key_0);
    QCOMPARE(plot.view(), whole);
}

void PlotTest::table_and_csv_hold_the_values() {
    Plot plot(theme_);
    const PlotData data = twoStages();
    plot.setData(data);
    plot.show();
    plot.setFocus();
    QTest::keyClick(&plot, Qt::Key_T);
    QVERIFY(plot.tableShown());
    auto* view = plot.findChild<QTableView*>();
    QTest::keyClick(view, Qt::Key_T);
    QVERIFY(!plot.tableShown());
    PlotTable table;
    table.setData(data);
    QCOMPARE(table.columnCount(), 4);
    const QStringList lines = table.csv(data.title).split('\n');
    QCOMPARE(lines[0], "# " + data.title);
    QCOMPARE(lines[1], QString("Weight value,Original,After PSP,Fitted mixture"));
    QHash<double, double> read;
    for (int i = 2; i < lines.size() - 1; ++i) {
        const QStringList cells = lines[i].split(',');
        if (!cells[2].isEmpty())
            read[cells[0].toDouble()] = cells[2].toDouble();
    }
    QCOMPARE(read.size(), 64);
    for (int i = 0; i < 64; ++i) {
        const double key =
            QString::number(data.series[1].x[static_cast<std::size_t>(i)], 'g', 9).toDouble();
        QVERIFY(std::abs(read.value(key, -1.0) - data.series[1].y[static_cast<std::size_t>(i)]) <
                1e-7);
    }
}

void PlotTest::a_map_reads_out_its_cells() {
    Plot plot(theme_);
    plot.setData(map());
    QTest::keyClick(&plot, Qt::Key_Home);
    QTest::keyClick(&plot, Qt::Key_Right);
    QTest::keyClick(&plot, Qt::Key_Down);
    QCOMPARE(plot.cursor().current().value, 6.0);
    plot.resize(400, 240);
    plot.show();
    QSignalSpy chosen(&plot, &Plot::pointChosen);
    QTest::keyClick(&plot, Qt::Key_Return);
    QCOMPARE(chosen.size(), 1);
    QCOMPARE(chosen[0][0].toDouble(), 1.0);
    QCOMPARE(chosen[0][1].toDouble(), 1.0);
    saveShot(plot, "plot-map");
}

void PlotTest::exports() {
    const QTemporaryDir folder;
    Plot plot(theme_);
    plot.resize(640, 400);
    plot.setData(twoStages());
    QCOMPARE(plot.exportTo(folder.filePath("a.png")), QString());
    QCOMPARE(QImage(folder.filePath("a.png")).size(), QSize(1280, 800));
    QCOMPARE(plot.exportTo(folder.filePath("a.pdf")), QString());
    QFile pdf(folder.filePath("a.pdf"));
    QVERIFY(pdf.open(QIODevice::ReadOnly));
    QVERIFY(pdf.read(5) == "%PDF-" && pdf.size() > 2000);
    QCOMPARE(plot.exportTo(folder.filePath("a.svg")), QString());
    QFile svg(folder.filePath("a.svg"));
    QVERIFY(svg.open(QIODevice::ReadOnly));
    const QByteArray drawing = svg.readAll();
    QVERIFY(drawing.contains("<svg") && drawing.contains("viewBox=\"0 0 640 400\""));
    QVERIFY(drawing.count("<path") + drawing.count("<polyline") > 3);
    QCOMPARE(plot.exportTo(folder.filePath("a.csv")), QString());
    QVERIFY(!plot.exportTo(folder.filePath("no/such/a.png")).isEmpty());
    QVERIFY(!plot.exportTo(folder.filePath("a.txt")).isEmpty());
}

void PlotTest::empty_plot_says_why() {
    Plot plot(theme_);
    PlotData data;
    data.emptyText = "Activations were not kept for this run.";
    plot.setData(data);
    QCOMPARE(plot.accessibleName(), data.emptyText);
    for (const auto key : {Qt::Key_Left, Qt::Key_Home, Qt::Key_Up, Qt::Key_Plus, Qt::Key_T})
        QTest::keyClick(&plot, key);
    QVERIFY(!plot.cursor().active());
}

void PlotTest::morph_ends_at_the_new_values() {
    Plot plot(theme_);
    plot.resize(400, 300);
    plot.show();
    plot.setData(twoStages());
    QTest::qWait(200);
    const QImage before = plot.grab().toImage();
    PlotData next = twoStages();
    std::ranges::reverse(next.series[0].y);
    std::ranges::fill(next.series[1].y, 1.0);
    plot.setData(next);
    QTest::qWait(300);
    const QImage after = plot.grab().toImage();
    QVERIFY(before != after);
    theme_.setReducedMotion(true);
    plot.setData(twoStages());
    plot.setData(next);
    QTest::qWait(50);
    QCOMPARE(plot.grab().toImage(), after);
    theme_.setReducedMotion(false);
}

void PlotTest::viridis_darkens_downward() {
    QCOMPARE(viridis(0.0), QColor("#440154"));
    QCOMPARE(viridis(7.0), QColor("#fde725"));
    double last = -1.0;
    for (int i = 0; i <= 50; ++i) {
        const QColor c = viridis(i / 50.0);
        const double light = 0.2126 * c.red() + 0.7152 * c.green() + 0.0722 * c.blue();
        QVERIFY(light > last);
        last = light;
    }
    QVERIFY(!viridis(std::nan("")).isValid());
    QCOMPARE(textOn(viridis(0.0)), QColor(Qt::white));
    QVERIFY(textOn(viridis(1.0)) != QColor(Qt::white));
}

QTEST_MAIN(PlotTest)
#include "plot_test.moc"
