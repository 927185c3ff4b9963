/*
 * tests/unit/saas/sms.tbl.h - vectors: V(text as count*code point, smart, encoding, units, segments).
 */
/* GSM-7, how long */
V("0*61", 0, GSM, 0, 1)
V("1*61", 0, GSM, 1, 1)
V("2*61", 0, GSM, 2, 1)
V("69*61", 0, GSM, 69, 1)
V("70*61", 0, GSM, 70, 1)
V("71*61", 0, GSM, 71, 1)
V("134*61", 0, GSM, 134, 1)
V("135*61", 0, GSM, 135, 1)
V("152*61", 0, GSM, 152, 1)
V("153*61", 0, GSM, 153, 1)
V("154*61", 0, GSM, 154, 1)
V("159*61", 0, GSM, 159, 1)
V("160*61", 0, GSM, 160, 1)
V("161*61", 0, GSM, 161, 2)
V("162*61", 0, GSM, 162, 2)
V("305*61", 0, GSM, 305, 2)
V("306*61", 0, GSM, 306, 2)
V("307*61", 0, GSM, 307, 3)
V("458*61", 0, GSM, 458, 3)
V("459*61", 0, GSM, 459, 3)
V("460*61", 0, GSM, 460, 4)
V("611*61", 0, GSM, 611, 4)
V("612*61", 0, GSM, 612, 4)
V("613*61", 0, GSM, 613, 5)
V("764*61", 0, GSM, 764, 5)
V("765*61", 0, GSM, 765, 5)
V("766*61", 0, GSM, 766, 6)
V("917*61", 0, GSM, 917, 6)
V("918*61", 0, GSM, 918, 6)
V("919*61", 0, GSM, 919, 7)
V("1070*61", 0, GSM, 1070, 7)
V("1071*61", 0, GSM, 1071, 7)
V("1072*61", 0, GSM, 1072, 8)
V("1530*61", 0, GSM, 1530, 10)
V("1531*61", 0, GSM, 1531, 11)
V("1599*61", 0, GSM, 1599, 11)
V("1600*61", 0, GSM, 1600, 11)
/* UCS-2, how long */
V("1*436", 0, UCS2, 1, 1)
V("2*436", 0, UCS2, 2, 1)
V("66*436", 0, UCS2, 66, 1)
V("67*436", 0, UCS2, 67, 1)
V("68*436", 0, UCS2, 68, 1)
V("69*436", 0, UCS2, 69, 1)
V("70*436", 0, UCS2, 70, 1)
V("71*436", 0, UCS2, 71, 2)
V("133*436", 0, UCS2, 133, 2)
V("134*436", 0, UCS2, 134, 2)
V("135*436", 0, UCS2, 135, 3)
V("200*436", 0, UCS2, 200, 3)
V("201*436", 0, UCS2, 201, 3)
V("202*436", 0, UCS2, 202, 4)
V("267*436", 0, UCS2, 267, 4)
V("268*436", 0, UCS2, 268, 4)
V("269*436", 0, UCS2, 269, 5)
V("335*436", 0, UCS2, 335, 5)
V("336*436", 0, UCS2, 336, 6)
V("402*436", 0, UCS2, 402, 6)
V("403*436", 0, UCS2, 403, 7)
V("670*436", 0, UCS2, 670, 10)
V("671*436", 0, UCS2, 671, 11)
V("737*436", 0, UCS2, 737, 11)
V("1000*436", 0, UCS2, 1000, 15)
/* surrogate pairs: 33 fit in a part of 67 */
V("1*1f600", 0, UCS2, 2, 1)
V("2*1f600", 0, UCS2, 4, 1)
V("33*1f600", 0, UCS2, 66, 1)
V("34*1f600", 0, UCS2, 68, 1)
V("35*1f600", 0, UCS2, 70, 1)
V("36*1f600", 0, UCS2, 72, 2)
V("66*1f600", 0, UCS2, 132, 2)
V("67*1f600", 0, UCS2, 134, 3)
V("99*1f600", 0, UCS2, 198, 3)
V("100*1f600", 0, UCS2, 200, 4)
V("132*1f600", 0, UCS2, 264, 4)
V("133*1f600", 0, UCS2, 266, 5)
V("165*1f600", 0, UCS2, 330, 5)
V("166*1f600", 0, UCS2, 332, 6)
V("330*1f600", 0, UCS2, 660, 10)
V("331*1f600", 0, UCS2, 662, 11)
/* extension: 76 fit in a part of 153 */
V("79*20ac", 0, GSM, 158, 1)
V("80*20ac", 0, GSM, 160, 1)
V("81*20ac", 0, GSM, 162, 2)
V("76*20ac", 0, GSM, 152, 1)
V("77*20ac", 0, GSM, 154, 1)
V("152*20ac", 0, GSM, 304, 2)
V("153*20ac", 0, GSM, 306, 3)
V("154*20ac", 0, GSM, 308, 3)
V("228*20ac", 0, GSM, 456, 3)
V("229*20ac", 0, GSM, 458, 4)
V("305*20ac", 0, GSM, 610, 5)
V("306*20ac", 0, GSM, 612, 5)
/* each of the extension */
V("1*c", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*c 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*c", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*c", 0, GSM, 160, 1)
/* each of the extension */
V("1*5e", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*5e 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*5e", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*5e", 0, GSM, 160, 1)
/* each of the extension */
V("1*7b", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*7b 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*7b", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*7b", 0, GSM, 160, 1)
/* each of the extension */
V("1*7d", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*7d 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*7d", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*7d", 0, GSM, 160, 1)
/* each of the extension */
V("1*5c", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*5c 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*5c", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*5c", 0, GSM, 160, 1)
/* each of the extension */
V("1*5b", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*5b 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*5b", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*5b", 0, GSM, 160, 1)
/* each of the extension */
V("1*7e", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*7e 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*7e", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*7e", 0, GSM, 160, 1)
/* each of the extension */
V("1*5d", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*5d 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*5d", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*5d", 0, GSM, 160, 1)
/* each of the extension */
V("1*7c", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*7c 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*7c", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*7c", 0, GSM, 160, 1)
/* each of the extension */
V("1*20ac", 0, GSM, 2, 1)
/* on the last septet of a part of several */
V("152*61 1*20ac 10*62", 0, GSM, 164, 2)
/* the single part is one too long by it */
V("159*61 1*20ac", 0, GSM, 161, 2)
/* and just fits */
V("158*61 1*20ac", 0, GSM, 160, 1)
/* each of the alphabet that is no letter or digit of ASCII */
V("160*a", 0, GSM, 160, 1)
V("160*d", 0, GSM, 160, 1)
V("160*21", 0, GSM, 160, 1)
V("160*22", 0, GSM, 160, 1)
V("160*23", 0, GSM, 160, 1)
V("160*24", 0, GSM, 160, 1)
V("160*25", 0, GSM, 160, 1)
V("160*26", 0, GSM, 160, 1)
V("160*27", 0, GSM, 160, 1)
V("160*28", 0, GSM, 160, 1)
V("160*29", 0, GSM, 160, 1)
V("160*2a", 0, GSM, 160, 1)
V("160*2b", 0, GSM, 160, 1)
V("160*2c", 0, GSM, 160, 1)
V("160*2d", 0, GSM, 160, 1)
V("160*2e", 0, GSM, 160, 1)
V("160*2f", 0, GSM, 160, 1)
V("160*3a", 0, GSM, 160, 1)
V("160*3b", 0, GSM, 160, 1)
V("160*3c", 0, GSM, 160, 1)
V("160*3d", 0, GSM, 160, 1)
V("160*3e", 0, GSM, 160, 1)
V("160*3f", 0, GSM, 160, 1)
V("160*40", 0, GSM, 160, 1)
V("160*5f", 0, GSM, 160, 1)
V("160*a1", 0, GSM, 160, 1)
V("160*a3", 0, GSM, 160, 1)
V("160*a4", 0, GSM, 160, 1)
V("160*a5", 0, GSM, 160, 1)
V("160*a7", 0, GSM, 160, 1)
V("160*bf", 0, GSM, 160, 1)
V("160*c4", 0, GSM, 160, 1)
V("160*c5", 0, GSM, 160, 1)
V("160*c6", 0, GSM, 160, 1)
V("160*c7", 0, GSM, 160, 1)
V("160*c9", 0, GSM, 160, 1)
V("160*d1", 0, GSM, 160, 1)
V("160*d6", 0, GSM, 160, 1)
V("160*d8", 0, GSM, 160, 1)
V("160*dc", 0, GSM, 160, 1)
V("160*df", 0, GSM, 160, 1)
V("160*e0", 0, GSM, 160, 1)
V("160*e4", 0, GSM, 160, 1)
V("160*e5", 0, GSM, 160, 1)
V("160*e6", 0, GSM, 160, 1)
V("160*e8", 0, GSM, 160, 1)
V("160*e9", 0, GSM, 160, 1)
V("160*ec", 0, GSM, 160, 1)
V("160*f1", 0, GSM, 160, 1)
V("160*f2", 0, GSM, 160, 1)
V("160*f6", 0, GSM, 160, 1)
V("160*f8", 0, GSM, 160, 1)
V("160*f9", 0, GSM, 160, 1)
V("160*fc", 0, GSM, 160, 1)
V("160*393", 0, GSM, 160, 1)
V("160*394", 0, GSM, 160, 1)
V("160*398", 0, GSM, 160, 1)
V("160*39b", 0, GSM, 160, 1)
V("160*39e", 0, GSM, 160, 1)
V("160*3a0", 0, GSM, 160, 1)
V("160*3a3", 0, GSM, 160, 1)
V("160*3a6", 0, GSM, 160, 1)
V("160*3a8", 0, GSM, 160, 1)
V("160*3a9", 0, GSM, 160, 1)
/* one character outside makes all of it UCS-2 */
V("69*61 1*60", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*60", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*9", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*9", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*1", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*1", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*7f", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*7f", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*e7", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*e7", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*e1", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*e1", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*ed", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*ed", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*f3", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*f3", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*fa", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*fa", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*e2", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*e2", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*ea", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*ea", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*ee", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*ee", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*f4", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*f4", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*fb", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*fb", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*e3", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*e3", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*f5", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*f5", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*c0", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*c0", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*c8", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*c8", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*141", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*141", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*15f", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*15f", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*11f", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*11f", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*131", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*131", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*416", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*416", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*4e2d", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*4e2d", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*3042", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*3042", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*d55c", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*d55c", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*301", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*301", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*201c", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*201c", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*201d", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*201d", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2018", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2018", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2019", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2019", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2013", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2013", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2014", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2014", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2026", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2026", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2022", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2022", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*2122", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*2122", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*a9", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*a9", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*ae", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*ae", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*b7", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*b7", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*a0", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*a0", 0, UCS2, 71, 2)
/* one character outside makes all of it UCS-2 */
V("69*61 1*200b", 0, UCS2, 70, 1)
/* and 71 are two */
V("70*61 1*200b", 0, UCS2, 71, 2)
/* a pair is not cut */
V("64*61 1*1f600 10*62", 0, UCS2, 76, 2)
/* a pair is not cut, longer */
V("64*436 1*1f600 70*436", 0, UCS2, 136, 3)
/* a pair is not cut */
V("65*61 1*1f600 10*62", 0, UCS2, 77, 2)
/* a pair is not cut, longer */
V("65*436 1*1f600 70*436", 0, UCS2, 137, 3)
/* a pair is not cut */
V("66*61 1*1f600 10*62", 0, UCS2, 78, 2)
/* a pair is not cut, longer */
V("66*436 1*1f600 70*436", 0, UCS2, 138, 3)
/* a pair is not cut */
V("67*61 1*1f600 10*62", 0, UCS2, 79, 2)
/* a pair is not cut, longer */
V("67*436 1*1f600 70*436", 0, UCS2, 139, 3)
/* a pair is not cut */
V("68*61 1*1f600 10*62", 0, UCS2, 80, 2)
/* a pair is not cut, longer */
V("68*436 1*1f600 70*436", 0, UCS2, 140, 3)
/* a pair is not cut */
V("69*61 1*1f600 10*62", 0, UCS2, 81, 2)
/* a pair is not cut, longer */
V("69*436 1*1f600 70*436", 0, UCS2, 141, 3)
/* smart encoding writes it as GSM-7 */
V("1*61 1*201c", 1, GSM, 2, 1)
V("159*61 1*201c", 1, GSM, 160, 1)
V("160*61 1*201c", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*201c", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*201d", 1, GSM, 2, 1)
V("159*61 1*201d", 1, GSM, 160, 1)
V("160*61 1*201d", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*201d", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*2019", 1, GSM, 2, 1)
V("159*61 1*2019", 1, GSM, 160, 1)
V("160*61 1*2019", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*2019", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*2014", 1, GSM, 2, 1)
V("159*61 1*2014", 1, GSM, 160, 1)
V("160*61 1*2014", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*2014", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*2026", 1, GSM, 4, 1)
V("159*61 1*2026", 1, GSM, 162, 2)
V("160*61 1*2026", 1, GSM, 163, 2)
/* without it all is UCS-2 */
V("100*61 1*2026", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*a0", 1, GSM, 3, 1)
V("159*61 1*a0", 1, GSM, 161, 2)
V("160*61 1*a0", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*a0", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*200b", 1, GSM, 1, 1)
V("159*61 1*200b", 1, GSM, 159, 1)
V("160*61 1*200b", 1, GSM, 160, 1)
/* without it all is UCS-2 */
V("100*61 1*200b", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*bd", 1, GSM, 4, 1)
V("159*61 1*bd", 1, GSM, 162, 2)
V("160*61 1*bd", 1, GSM, 163, 2)
/* without it all is UCS-2 */
V("100*61 1*bd", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*ff5b", 1, GSM, 3, 1)
V("159*61 1*ff5b", 1, GSM, 161, 2)
V("160*61 1*ff5b", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*ff5b", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*ff21", 1, GSM, 2, 1)
V("159*61 1*ff21", 1, GSM, 160, 1)
V("160*61 1*ff21", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*ff21", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*9", 1, GSM, 8, 1)
V("159*61 1*9", 1, GSM, 166, 2)
V("160*61 1*9", 1, GSM, 167, 2)
/* without it all is UCS-2 */
V("100*61 1*9", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*2022", 1, GSM, 2, 1)
V("159*61 1*2022", 1, GSM, 160, 1)
V("160*61 1*2022", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*2022", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*60", 1, GSM, 2, 1)
V("159*61 1*60", 1, GSM, 160, 1)
V("160*61 1*60", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*60", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*b4", 1, GSM, 2, 1)
V("159*61 1*b4", 1, GSM, 160, 1)
V("160*61 1*b4", 1, GSM, 161, 2)
/* without it all is UCS-2 */
V("100*61 1*b4", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*feff", 1, GSM, 1, 1)
V("159*61 1*feff", 1, GSM, 159, 1)
V("160*61 1*feff", 1, GSM, 160, 1)
/* without it all is UCS-2 */
V("100*61 1*feff", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*203c", 1, GSM, 3, 1)
V("159*61 1*203c", 1, GSM, 161, 2)
V("160*61 1*203c", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*203c", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*2c6", 1, GSM, 3, 1)
V("159*61 1*2c6", 1, GSM, 161, 2)
V("160*61 1*2c6", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*2c6", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*3000", 1, GSM, 3, 1)
V("159*61 1*3000", 1, GSM, 161, 2)
V("160*61 1*3000", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*3000", 0, UCS2, 101, 2)
/* smart encoding writes it as GSM-7 */
V("1*61 1*ff5e", 1, GSM, 3, 1)
V("159*61 1*ff5e", 1, GSM, 161, 2)
V("160*61 1*ff5e", 1, GSM, 162, 2)
/* without it all is UCS-2 */
V("100*61 1*ff5e", 0, UCS2, 101, 2)
/* smart encoding knows no better */
V("100*61 1*201c 1*436", 1, UCS2, 102, 2)
V("100*61 1*201c 1*1f600", 1, UCS2, 103, 2)
V("100*61 1*201c 1*ff41", 1, UCS2, 102, 2)
V("100*61 1*201c 1*ae", 1, UCS2, 102, 2)
V("100*61 1*201c 1*e7", 1, UCS2, 102, 2)
V("100*61 1*201c 1*ff40", 1, UCS2, 102, 2)
/* what is written longer is longer */
V("53*2026", 1, GSM, 159, 1)
V("54*2026", 1, GSM, 162, 2)
