// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_cursor.h"
#include "ui/widgets/plot_data.h"

#include <QSet>
#include <QVariantAnimation>
#include <QWidget>

#include <memory>

class QTableView;

namespace bwla::ui {

class Card;
class PlotCanvas;
class PlotLegend;
class PlotOverlay;
class PlotTable;
class Theme;

/// Curves, histograms or one colour map, in the theme's colours and re-drawn when it changes, with
/// a legend, a cursor for mouse and keys, the values as a table in place, and export. A live
/// histogram:
///
///     auto* plot = new Plot(theme);
///     PlotData data;
///     data.x.title = tr("Weight value");
///     data.y.title = tr("Density");
///     data.series << histogramSeries(tr("After OKT"), Series::afterOkt, core's Histogram);
///     data.marks << PlotMark{c, "+c 0.092"};
///     data.summary = tr("Weights of ...: two peaks at ...");   // accessible name, a sentence
///     plot->setData(data);      // again for every moment: equal shapes morph in 120 ms
///     addPlotTools(card, *plot, theme);                        // table and export buttons
///
/// Keys with focus: Left/Right (Shift: ten points), Home/End, Up/Down curve or row, + - 0 zoom,
/// T table, E export, Ctrl+C the value. Mouse: the cursor follows, the wheel zooms x, dragging
/// selects a range, a double click shows all. Window thread.
class Plot : public QWidget {
    Q_OBJECT

public:
    explicit Plot(Theme& theme, QWidget* parent = nullptr);
    ~Plot() override;

    void setData(const PlotData& data);
    [[nodiscard]] const PlotData& data() const { return data_; }

    void setHidden(const QString& series, bool hidden);
    [[nodiscard]] bool isHidden(const QString& series) const { return hidden_.contains(series); }
    void showTable(bool shown);
    [[nodiscard]] bool tableShown() const;
    [[nodiscard]] const PlotCursor& cursor() const { return cursor_; }
    /// Stands before the title in exports: model and run.
    void setOrigin(const QString& origin) { origin_ = origin; }
    /// What the cursor stands on, in words; empty without a cursor.
    [[nodiscard]] QString readOut() const;
    /// x range that is seen.
    [[nodiscard]] std::pair<double, double> view() const;

    /// Writes what is shown to FILE.png (two dots a pixel), FILE.pdf, FILE.svg or FILE.csv. Empty
    /// on success, else a sentence.
    QString exportTo(const QString& file);
    /// Asks for a file, then exportTo.
    void exportWithDialog();

Q_SIGNALS:
    void pointChosen(double x, double y); ///< a click or Enter on a point
    void failed(const QString& sentence); ///< an export that could not be written

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void layOut();
    [[nodiscard]] bool canMorphTo(const PlotData& data) const;
    void morph(double share);
    void redraw();
    bool moveCursor(QKeyEvent& event);
    void cursorMoved();
    void zoom(double factor);
    bool mouseEvent(QEvent* event);
    void select(const QRect& pixels);
    void copyValue() const;

    Theme& theme_;
    PlotData data_;
    PlotData from_; ///< where a morph starts
    QString origin_;
    QSet<QString> hidden_;
    PlotCursor cursor_;
    QVariantAnimation morph_;
    std::unique_ptr<PlotCanvas> canvas_;
    PlotLegend* legend_;
    PlotOverlay* overlay_;
    PlotTable* table_;
    QTableView* tableView_;
    QPoint pressed_;
    bool dragging_ = false;
};

/// Table and export buttons in the card's title row, icons following the theme.
void addPlotTools(Card& card, Plot& plot, Theme& theme);

} // namespace bwla::ui
