// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/eval/quick_quality.h"
#include "core/quant/quantize_job.h"

#include <QScrollArea>

class QLabel;
class QProgressBar;
class QPushButton;
class QTableWidget;

namespace bwla::ui {

class Banner;
class BitsView;
class Card;
class Theme;

/// A finished run: what it cost, what it gave, where the error is, and where to go next.
class DoneView : public QScrollArea {
    Q_OBJECT

public:
    explicit DoneView(Theme& theme, QWidget* parent = nullptr);

    void show(const QuantizeResult& result, double parameters, double originalBytes);
    using QScrollArea::show;
    void setQualityProgress(double fraction);
    void setQuality(const QuickQualityResult& result);
    void setQualityError(const QString& sentence);

Q_SIGNALS:
    void chatClicked();
    void inspectClicked();
    void filesClicked();
    void againClicked();
    void measureClicked(const QString& textFile); ///< empty: the built-in text

private:
    QWidget* makeHead();
    QWidget* makeQuality();
    QWidget* makeWorst();
    void fillWorst(const std::vector<BlockReport>& blocks);

    Theme& theme_;
    QLabel *title_, *facts_, *before_, *after_, *protocol_;
    QProgressBar* progress_;
    QPushButton *measure_, *choose_;
    Banner* qualityError_;
    BitsView* bits_;
    QTableWidget* worst_;
};

} // namespace bwla::ui
